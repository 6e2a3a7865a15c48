"""Surveys from mirrors: what is fetched, where it goes, and that it loads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import astropile as ap
from astropile.cli import app
from astropile.errors import ConfigError, NoFilesError, SchemaError, UsageError
from astropile.schema.checks import paths
from tests.remote.conftest import WebServer

SCHEMA = """
language: "1.0"
survey: fjord
version: "1.0.0"
about:
  title: Survey fjord
  name: Fjord
  description: Made for tests.
  homepage: https://example.org/fjord
  license: {{name: CC0}}
  acknowledgement: Nobody.
  cite: ["doi:10.0/fjord"]
object: {{id: object_id, ra: ra, dec: dec}}
columns:
  object_id: {{dtype: string, description: Id.}}
  ra: {{dtype: float64, unit: deg, description: Right ascension.}}
  dec: {{dtype: float64, unit: deg, description: Declination.}}
  z: {{dtype: float64, description: Redshift.}}
sources:
  flat:
    description: Flat files.
    tables: {{main: {{files: "{{config}}/<tile>/*.parquet", format: parquet}}}}
  hats:
    description: HATS.
    tables: {{main: {{files: "{{config}}/dataset/Norder=*/**/*.parquet", format: parquet}}}}
    mirrors: [{mirrors}]
configs:
  wide: {{default: true, description: The wide layer.}}
  deep: {{description: The deep layer.}}
"""
Define = Callable[..., None]


@pytest.fixture
def define(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Define:
    """Return a function: mirrors -> registers the survey with them."""

    def register(*mirrors: str) -> None:
        (tmp_path / "schemas").mkdir(exist_ok=True)
        text = SCHEMA.format(mirrors=", ".join(f'"{url}"' for url in mirrors))
        (tmp_path / "schemas" / "fjord.yaml").write_text(text, encoding="utf-8")

    register()
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path / "schemas"))
    # The only server here is one of this machine, which has no https.
    monkeypatch.setattr(paths, "MIRROR_SCHEMES", ("http://127.0.0.1", "memory://"))
    return register


def leaf(number: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = [f"o{number}-{k}" for k in range(4)]
    angles = np.arange(4.0) + number
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"object_id": ids, "ra": angles, "dec": angles, "z": angles}), sink)
    return sink.getvalue().to_pybytes()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_catalog(folder: Path, first: int = 0) -> list[str]:
    pixels = [(0, 4), (1, 40)]
    leaves = [f"dataset/Norder={o}/Dir=0/Npix={p}.parquet" for o, p in pixels]
    write(folder, {name: leaf(first + k) for k, name in enumerate(leaves)})
    partitions = "".join(f"{o},{p}\n" for o, p in pixels)
    write(
        folder,
        {
            "hats.properties": b"obs_collection=x\n",
            "partition_info.csv": f"Norder,Npix\n{partitions}".encode(),
            "secret.txt": b"not part of the catalogue",
        },
    )
    return leaves


def fetch(out: Path, **options: Any) -> Any:
    return ap.download("fjord", out, retries=1, **options)


def test_download_when_mirror_is_laid_out_as_the_data_then_loads(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    """The mirror holds a catalogue for each config; only the one asked for is fetched."""
    define(web_server.url)
    write_catalog(web_server.folder / "wide")
    write_catalog(web_server.folder / "deep", first=7)
    done = fetch(tmp_path / "data", config="deep")
    files = sorted(p.relative_to(tmp_path / "data").as_posix() for p in _files(tmp_path / "data"))
    assert files == sorted(item.path for item in done.wanted)
    assert all(name.startswith("deep/") for name in files)
    assert "deep/secret.txt" not in files
    assert "deep/hats.properties" in files
    assert done.checks == {"sha256": 0, "size": 4, "nothing": 0}
    survey = ap.load("fjord", data_dir=tmp_path / "data", config="deep")
    assert len(survey) == 8
    assert survey.catalog()["object_id"][0] == "o7-0"


def test_download_when_mirror_is_one_catalogue_then_put_in_its_folder(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    """Its name ends with the config's, so it is certainly that one."""
    write_catalog(web_server.folder / "mmu_fjord_wide")
    define(f"{web_server.url}/mmu_fjord_wide")
    fetch(tmp_path / "data")
    assert len(ap.load("fjord", data_dir=tmp_path / "data")) == 8


def test_download_when_mirror_may_be_of_another_config_then_refused(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    """The wrong config under the right name is worse than none."""
    write_catalog(web_server.folder / "mmu_fjord_wide")
    define(f"{web_server.url}/mmu_fjord_wide")
    with pytest.raises(NoFilesError, match="for certain") as caught:
        fetch(tmp_path / "data", config="deep")
    assert "mirror=URL" in caught.value.hint
    url = f"{web_server.url}/mmu_fjord_wide"
    assert fetch(tmp_path / "data", config="deep", mirror=url, dry_run=True).wanted


def test_download_when_a_mirror_has_holes_then_filled(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    write_catalog(web_server.folder / "x_fjord_deep")
    define(web_server.url + "/x_{survey}_{config}")
    done = fetch(tmp_path / "data", config="deep", dry_run=True)
    assert {item.path.partition("/")[0] for item in done.wanted} == {"deep"}


def test_download_when_a_mirror_is_gone_then_the_next(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    write_catalog(web_server.folder / "b" / "wide")
    define(f"{web_server.url}/a", f"{web_server.url}/b")
    web_server.listing = True
    assert fetch(tmp_path / "data").mirror.endswith("/b")
    define(f"{web_server.url}/a", f"{web_server.url}/c")
    with pytest.raises(NoFilesError, match="no mirror has the files"):
        fetch(tmp_path / "other")


def test_download_when_the_mirror_lists_folders_then_patterns_choose(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    web_server.listing = True
    write(
        web_server.folder,
        {"wide/1/a.parquet": leaf(1), "wide/2/b.parquet": leaf(2), "wide/2/b.txt": b"no"},
    )
    done = fetch(tmp_path / "data", source="flat", mirror=web_server.url)
    assert [item.path for item in done.wanted] == ["wide/1/a.parquet", "wide/2/b.parquet"]
    assert len(ap.load("fjord", data_dir=tmp_path / "data", source="flat")) == 8


@pytest.mark.parametrize("where", ["web", "memory"])
def test_download_when_mirror_is_a_pile_then_whole_and_manifest_last(
    define: Define, web_server: WebServer, tmp_path: Path, where: str
) -> None:
    folder = web_server.folder / "wide"
    leaves = write_catalog(folder)
    (folder / "secret.txt").unlink()
    names = [*leaves, "hats.properties", "partition_info.csv"]
    records = [
        {
            "path": name,
            "bytes": (folder / name).stat().st_size,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        }
        for name in names
    ]
    manifest = {"partitions": records[:2], "margin": [], "files": records[2:]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    url = web_server.url
    if where == "memory":
        import fsspec

        fsspec.filesystem("memory").put(str(folder), "/pile-mirror/wide", recursive=True)
        url = "memory://pile-mirror"
    define(url)
    done = fetch(tmp_path / "data")
    assert done.wanted[-1].path == "wide/manifest.json"
    assert done.checks == {"sha256": 4, "size": 1, "nothing": 0}
    assert (tmp_path / "data/wide/manifest.json").is_file()


def test_download_when_a_collection_is_the_mirror_then_its_main_catalogue(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    leaves = write_catalog(web_server.folder / "wide" / "main")
    write_catalog(web_server.folder / "wide" / "main_5arcs")
    text = b"hats_primary_table_url=main\nall_margins=main_5arcs\n"
    write(web_server.folder / "wide", {"collection.properties": text})
    define(web_server.url)
    done = fetch(tmp_path / "data")
    assert f"wide/{leaves[0]}" in [item.path for item in done.wanted]
    assert not any("main" in item.path for item in done.wanted)
    assert len(ap.load("fjord", data_dir=tmp_path / "data")) == 8


def test_download_when_interrupted_then_the_same_call_goes_on(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    define(web_server.url)
    leaves = write_catalog(web_server.folder / "wide")
    web_server.breaks = {f"wide/{leaves[0]}": [100, 0, 0, 0]}
    with pytest.raises(ap.errors.SourceError, match="cannot be read"):
        ap.download("fjord", tmp_path / "data", retries=0)
    web_server.breaks.clear()
    web_server.requests.clear()
    done = fetch(tmp_path / "data")
    assert web_server.gets(f"wide/{leaves[0]}")[0].range == "bytes=100-"
    assert len(done.fetched) == len(done.wanted)
    assert len(ap.load("fjord", data_dir=tmp_path / "data")) == 8


def test_mirror_when_a_schema_names_this_machine_then_refused(
    define: Define, tmp_path: Path
) -> None:
    """A schema is data: it makes nobody read files of their own machine."""
    for url in ("file:///etc", "/etc", "http://169.254.0.1/", "memory://x::file:///etc"):
        define(url)
        with pytest.raises(SchemaError, match="a mirror is a folder that begins with"):
            fetch(tmp_path / "data")


def test_arguments_when_they_cannot_work_then_refused(define: Define, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names no mirror for config wide") as caught:
        fetch(tmp_path / "data")
    assert "https://example.org/fjord" in caught.value.hint
    with pytest.raises(ConfigError, match="no source 'hatz'"):
        fetch(tmp_path / "data", source="hatz")
    with pytest.raises(ConfigError):
        fetch(tmp_path / "data", config="shallow")
    with pytest.raises(UsageError, match="workers=0"):
        fetch(tmp_path / "data", mirror="/", workers=0)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        fetch(tmp_path / "file", mirror="/")


def test_command_when_dry_then_files_and_bytes(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    define(web_server.url)
    write_catalog(web_server.folder / "wide")
    out = tmp_path / "data"
    result = CliRunner().invoke(app, ["download", "fjord", "-o", str(out), "--dry-run"])
    assert result.exit_code == 0, result.stderr
    assert "wide/dataset/Norder=0/Dir=0/Npix=4.parquet" in result.stdout
    assert "4 files, " in result.stdout
    assert "they would be checked: 4 by size" in result.stdout
    assert not out.exists()


def test_command_when_run_then_says_what_was_done(
    define: Define, web_server: WebServer, tmp_path: Path
) -> None:
    define(web_server.url)
    write_catalog(web_server.folder / "wide")
    arguments = ["download", "fjord", "-c", "wide", "-o", str(tmp_path / "data")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    assert "fetched 4 files" in result.stdout
    again = CliRunner().invoke(app, [*arguments, "--json"])
    facts = json.loads(again.stdout)
    assert (facts["fetched"], len(facts["files"]), facts["dry_run"]) == (0, 4, False)
    web_server.statuses = {"wide/hats.properties": [-403]}
    denied = CliRunner().invoke(app, ["download", "fjord", "-o", str(tmp_path / "other")])
    assert denied.exit_code == 4
    assert "refuses access" in denied.stderr


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
