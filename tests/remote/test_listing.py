"""What a folder elsewhere holds, from the best index it has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import fsspec
import pytest

from astropile.errors import (
    CorruptFileError,
    MissingExtraError,
    NoFilesError,
    SourceError,
    UnsafeFileError,
    UsageError,
)
from astropile.remote import Waiting, list_folder, open_folder
from astropile.remote.folder import _hub_address, file_of
from tests.remote.conftest import WebServer

AT_ONCE = Waiting(retries=2, first_s=0.0)
LEAVES = ("dataset/Norder=0/Dir=0/Npix=4.parquet", "dataset/Norder=1/Dir=0/Npix=40.parquet")


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_catalog(folder: Path) -> None:
    write(folder, {name: name.encode() for name in LEAVES})
    write(
        folder,
        {
            "hats.properties": b"obs_collection=x\n",
            "partition_info.csv": b"Norder,Npix\n0,4\n1,40\n",
            "dataset/_metadata": b"m",
            "dataset/_common_metadata": b"c",
        },
    )


def write_manifest(folder: Path, contents: dict[str, bytes], **changes: Any) -> None:
    write(folder, contents)
    records = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in contents.items()
    ]
    facts = {"partitions": records, "margin": [], "files": [], **changes}
    (folder / "manifest.json").write_text(json.dumps(facts))


def paths(url: str) -> list[str]:
    return [file.path for file in list_folder(open_folder(url, waiting=AT_ONCE)).files]


def test_catalog_when_on_the_web_then_partitions_name_its_files(web_server: WebServer) -> None:
    """No listing is needed."""
    write_catalog(web_server.folder / "cat")
    listing = list_folder(open_folder(f"{web_server.url}/cat", waiting=AT_ONCE))
    assert listing.kind == "hats"
    names = ["dataset/_common_metadata", "dataset/_metadata", "hats.properties"]
    assert [f.path for f in listing.files] == sorted([*LEAVES, *names, "partition_info.csv"])
    sizes = {f.path: f.size for f in listing.files}
    assert sizes[LEAVES[0]] == len(LEAVES[0])
    assert all(file.etag for file in listing.files)
    assert listing.known_bytes == sum(sizes.values())


def test_catalog_when_a_partition_is_lost_then_said(web_server: WebServer) -> None:
    write_catalog(web_server.folder / "cat")
    (web_server.folder / "cat" / LEAVES[1]).unlink()
    with pytest.raises(NoFilesError, match="1 of 2 partitions are not there"):
        paths(f"{web_server.url}/cat")


@pytest.mark.parametrize(
    "text", ["Norder,Npix\n0,12\n", "Norder,Npix\n0,x\n", "a,b\n1,2\n", "\xff", ""]
)
def test_catalog_when_its_partitions_are_nonsense_then_said(
    web_server: WebServer, text: str
) -> None:
    write_catalog(web_server.folder / "cat")
    (web_server.folder / "cat" / "partition_info.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(CorruptFileError, match="no list of partitions"):
        paths(f"{web_server.url}/cat")


def test_collection_when_on_the_web_then_all_its_catalogues(web_server: WebServer) -> None:
    write_catalog(web_server.folder / "c" / "main")
    write_catalog(web_server.folder / "c" / "main_2arcs")
    text = b"# a comment\nhats_primary_table_url=main\nall_margins=main_2arcs\n"
    write(web_server.folder / "c", {"collection.properties": text})
    listing = list_folder(open_folder(f"{web_server.url}/c", waiting=AT_ONCE))
    assert (listing.kind, listing.primary) == ("hats", "main")
    assert f"main_2arcs/{LEAVES[0]}" in [file.path for file in listing.files]
    local = list_folder(open_folder(str(web_server.folder / "c")))
    assert (local.kind, local.primary) == ("hats", "main")


@pytest.mark.parametrize("where", ["web", "disk", "memory"])
def test_pile_when_listed_then_manifest_gives_digests(web_server: WebServer, where: str) -> None:
    """The manifest itself comes with the rest, and its digests win over what a listing says."""
    write_manifest(web_server.folder / "pile", {LEAVES[0]: b"abc", "astropile/schema.yaml": b"s"})
    url = f"{web_server.url}/pile" if where == "web" else str(web_server.folder / "pile")
    if where == "memory":
        memory = fsspec.filesystem("memory")
        memory.put(str(web_server.folder / "pile"), "/pile-listed", recursive=True)
        url = "memory://pile-listed"
    listing = list_folder(open_folder(url, waiting=AT_ONCE))
    assert listing.kind == "pile"
    digests = {file.path: file.sha256 for file in listing.files}
    assert digests[LEAVES[0]] == hashlib.sha256(b"abc").hexdigest()
    assert digests["manifest.json"] == ""


@pytest.mark.parametrize(
    "changes", [{"partitions": 3}, {"files": [{"path": "x"}]}, {"margin": [{"path": 1}]}]
)
def test_pile_when_its_manifest_is_nonsense_then_said(
    web_server: WebServer, changes: dict[str, Any]
) -> None:
    write_manifest(web_server.folder / "pile", {"a": b"a"}, **changes)
    with pytest.raises(CorruptFileError, match="no manifest"):
        paths(f"{web_server.url}/pile")


def test_pile_when_its_manifest_names_a_way_out_then_refused(web_server: WebServer) -> None:
    bad = [{"path": "../../x", "bytes": 1, "sha256": "0" * 64}]
    write_manifest(web_server.folder / "pile", {"a": b"a"}, files=bad)
    with pytest.raises(UnsafeFileError, match="leads out"):
        paths(f"{web_server.url}/pile")


def test_folder_when_the_server_lists_it_then_walked(web_server: WebServer) -> None:
    """Links that sort, lead up or elsewhere are left alone; odd names are decoded."""
    web_server.listing = True
    web_server.extra_links += ["http://elsewhere.invalid/x", "/", "#top"]
    files = {"a.csv": b"1", "healpix=1/b c.hdf5": b"22", "healpix=1/ü.hdf5": b"333"}
    write(web_server.folder / "d", files)
    listing = list_folder(open_folder(f"{web_server.url}/d", waiting=AT_ONCE))
    assert {file.path: file.size for file in listing.files} == {
        name: len(data) for name, data in files.items()
    }
    assert listing.kind == "folder"


def test_folder_when_sums_are_there_then_used(web_server: WebServer) -> None:
    web_server.listing = True
    digest = hashlib.sha256(b"1").hexdigest()
    sums = f"{digest}  ./a.csv\nnonsense\n{digest.upper()} *b.csv\n".encode()
    write(web_server.folder / "d", {"a.csv": b"1", "b.csv": b"1", "c": b"", "SHA256SUMS": sums})
    for url in (f"{web_server.url}/d", str(web_server.folder / "d")):
        listing = list_folder(open_folder(url, waiting=AT_ONCE))
        digests = [file.sha256 for file in listing.files]
        assert digests == ["", digest, digest, ""]


@pytest.mark.parametrize("link", ["..%2f..%2fetc%2fx", "%2e%2e/x", "a%00b"])
def test_folder_when_a_page_names_a_way_out_then_refused(web_server: WebServer, link: str) -> None:
    web_server.listing = True
    web_server.extra_links.append(link)
    write(web_server.folder / "d", {"a": b"1"})
    with pytest.raises(UnsafeFileError):
        paths(f"{web_server.url}/d")


def test_folder_when_not_listed_then_said(web_server: WebServer) -> None:
    """Plain https has no listing; the error says what a mirror must be."""
    write(web_server.folder / "d", {"a": b"1"})
    with pytest.raises(SourceError, match="refuses access"):
        paths(f"{web_server.url}/d")
    with pytest.raises(NoFilesError):
        paths(f"{web_server.url}/nowhere")
    web_server.listing = True
    (web_server.folder / "empty").mkdir()
    with pytest.raises(NoFilesError, match="no files, or the server does not list them"):
        paths(f"{web_server.url}/empty")


def test_server_when_busy_then_asked_again(web_server: WebServer) -> None:
    write_catalog(web_server.folder / "cat")
    web_server.statuses = {f"cat/{LEAVES[0]}": [503, 429], "cat/partition_info.csv": [500]}
    assert LEAVES[0] in paths(f"{web_server.url}/cat")
    web_server.statuses = {f"cat/{LEAVES[0]}": [-503]}
    with pytest.raises(SourceError, match="HTTP status 503") as caught:
        paths(f"{web_server.url}/cat")
    assert "try again later" in caught.value.hint


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("https://huggingface.co/datasets/org/name", "hf://datasets/org/name"),
        ("https://huggingface.co/datasets/org/name/", "hf://datasets/org/name"),
        ("https://huggingface.co/datasets/o/n/tree/main", "hf://datasets/o/n@main"),
        ("https://huggingface.co/datasets/o/n/tree/v1/a/b", "hf://datasets/o/n@v1/a/b"),
        ("https://elsewhere.org/datasets/o/n", "https://elsewhere.org/datasets/o/n"),
    ],
)
def test_hub_when_its_page_is_given_then_its_file_system(page: str, address: str) -> None:
    assert _hub_address(page) == address


def test_hub_when_files_are_described_then_digest_is_taken() -> None:
    """The facts as huggingface_hub gives them; the Hub itself is not asked here."""
    facts = {"name": "datasets/o/n/a", "size": 3, "blob_id": "b1", "lfs": {"sha256": "ab" * 32}}
    file = file_of("a", facts)
    assert (file.size, file.sha256, file.etag) == (3, "ab" * 32, "b1")
    assert open_folder("https://huggingface.co/datasets/o/n").root == "datasets/o/n"


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "simplecache::https://x/y", "https://u:p@x/y", "https://x/y?token=1"]
)
def test_url_when_no_folder_then_refused_without_its_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_folder(url)
    if "@" in url or "?" in url:
        assert "u:p" not in str(caught.value)
        assert "token" not in str(caught.value)


def test_url_when_its_library_is_missing_then_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match="s3://") as caught:
        open_folder("s3://bucket/folder")
    assert "astropile[s3]" in caught.value.hint
