"""Verify: no byte can change unseen."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import astropile as ap
from astropile.errors import AstropileError, PileError
from astropile.pile import verify_pile


def _faults(pile: Path) -> list[str]:
    """Return what is wrong with a pile, whether that is told or raised."""
    try:
        return [fault.path for fault in verify_pile(pile).faults]
    except PileError as error:
        return [error.where]


def test_verify_when_nothing_changed_then_no_fault(built: Path) -> None:
    found = verify_pile(built)
    assert found.faults == ()
    assert found.rows == 500
    assert found.files == sum(1 for file in built.rglob("*") if file.is_file())
    assert found.bytes + (built / "manifest.json").stat().st_size == sum(
        file.stat().st_size for file in built.rglob("*") if file.is_file()
    )


def test_verify_when_a_bit_flips_anywhere_then_found(built: Path) -> None:
    rng = random.Random(11)
    files = sorted(file for file in built.rglob("*") if file.is_file())
    for file in files:
        content = file.read_bytes()
        places = [0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(2))]
        if file.name == "manifest.json":
            places += [rng.randrange(len(content)) for _ in range(60)]
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 1 << rng.randrange(8)
            file.write_bytes(changed)
            assert _faults(built), (file, place)
        file.write_bytes(content)
    assert _faults(built) == []


def test_verify_when_a_file_is_cut_short_then_found(built: Path) -> None:
    for file in sorted(file for file in built.rglob("*") if file.is_file()):
        content = file.read_bytes()
        for length in {0, 1, len(content) // 2, len(content) - 1}:
            file.write_bytes(content[:length])
            assert _faults(built), (file, length)
        file.unlink()
        assert _faults(built)
        file.write_bytes(content)
    assert _faults(built) == []


def test_verify_when_there_is_a_strange_file_then_found(built: Path) -> None:
    (built / "dataset" / "notes.txt").write_text("mine")
    (fault,) = verify_pile(built).faults
    assert (fault.path, fault.message) == ("dataset/notes.txt", "is not in the manifest")


def test_verify_when_a_page_is_damaged_then_said_where(built: Path) -> None:
    leaf = max(built.rglob("Npix=*.parquet"), key=lambda file: file.stat().st_size)
    content = bytearray(leaf.read_bytes())
    content[10] ^= 255  # the first page is that of the pixels
    leaf.write_bytes(content)
    (fault,) = verify_pile(built).faults
    assert fault.message.endswith("damaged: row group 0, column _healpix_29")
    with pytest.raises(AstropileError, match="partition cannot be read") as caught:
        _scanned(built)
    assert "astropile verify" in caught.value.hint


def _scanned(built: Path) -> list[Any]:
    from astropile.pile import open_pile, scan

    return list(scan(open_pile(built)))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("manifest.json", "manifest was changed"),
        ("astropile/schema.yaml", "not as it was when the pile was built"),
    ],
)
def test_open_when_the_pile_was_changed_then_refused(built: Path, path: str, said: str) -> None:
    file = built / path
    file.write_text(file.read_text().replace("small", "smell", 1))
    with pytest.raises(PileError, match=said) as caught:
        ap.open(built)
    assert "astropile verify" in caught.value.hint


def test_open_when_a_partition_is_cut_or_gone_then_told_when_it_is_read(built: Path) -> None:
    pile = ap.open(built)
    leaf = next(built.rglob("Npix=*.parquet"))
    content = leaf.read_bytes()
    leaf.write_bytes(content[:-10])
    with pytest.raises(PileError, match="the manifest says"):
        list(pile.iter_tables())
    leaf.unlink()
    with pytest.raises(PileError, match="is missing"):
        pile.catalog()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "it has no manifest.json"),
        (["hats.properties"], "a HATS catalogue without a manifest"),
    ],
)
def test_open_when_a_folder_is_no_pile_then_said_what_it_is(
    files: list[str], said: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).write_text("")
    with pytest.raises(PileError, match=said):
        ap.open(tmp_path)


def test_open_when_the_manifest_leads_out_of_the_pile_then_refused(built: Path) -> None:
    from astropile.pile.manifest import manifest_text, read_manifest

    manifest = read_manifest(built)
    leaf = manifest.partitions[0].model_copy(update={"path": "../../etc/passwd"})
    text = manifest_text(manifest.model_copy(update={"partitions": (leaf,)}))
    (built / "manifest.json").write_text(text)
    with pytest.raises(PileError, match="manifest was changed"):
        ap.open(built)
