"""VOTables that name other files, grow without end, or lie about their size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers import ReadOptions, _votable_safety, open_reader

NewPath = Callable[[str], Path]
HEAD = '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
TAIL = "</RESOURCE></VOTABLE>"
FIELD = '<FIELD name="a" datatype="int"/>'
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
SECRET = '<!DOCTYPE VOTABLE [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


def table(data: str, fields: str = FIELD, attributes: str = "") -> str:
    return f"{HEAD}<TABLE{attributes}>{fields}<DATA>{data}</DATA></TABLE>{TAIL}"


@pytest.mark.parametrize(
    "content",
    [
        f'<!DOCTYPE VOTABLE [<!ENTITY l0 "lol">{LAUGHS}]>{HEAD}&l9;{TAIL}',
        f"{SECRET}{HEAD}&secret;{TAIL}",
        f'<!DOCTYPE VOTABLE SYSTEM "http://192.0.2.1/VOTable.dtd">{HEAD}{TAIL}',
        f'<?xml version="1.0"?>\n<!-- x -->{SECRET}{HEAD}{TAIL}',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_open_when_there_is_a_document_type_then_refused(
    content: str, encoding: str, new_path: NewPath
) -> None:
    """Entities, of this file or others, are not looked at, in whatever encoding."""
    path = new_path(".xml")
    path.write_bytes(content.replace('"1.0"?', f'"1.0" encoding="{encoding}"?').encode(encoding))
    with pytest.raises(UnsafeFileError, match="document type"):
        open_reader(path, "votable", ReadOptions())


@pytest.mark.parametrize("attribute", ["href", "HREF", "x:href"])
@pytest.mark.parametrize("form", ["BINARY", "BINARY2", "FITS"])
@pytest.mark.parametrize("target", ["http://192.0.2.1/x", "file:///etc/passwd", "rows.bin"])
def test_open_when_rows_are_elsewhere_then_refused_before_they_are_fetched(
    attribute: str, form: str, target: str, new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astropy.io.votable.parse", None)
    path = new_path(".xml")
    path.write_text(table(f'<{form}><STREAM {attribute}="{target}"/></{form}>'))
    with pytest.raises(UnsafeFileError, match="its rows are elsewhere"):
        open_reader(path, "votable", ReadOptions())


@pytest.mark.parametrize(
    "content",
    [
        table("<TABLEDATA/>", attributes=' nrows="1000000000000"'),
        table("<TABLEDATA/>", attributes=f' nrows="{"9" * 5000}"'),
        table("<TABLEDATA><TR><TD/></TR></TABLEDATA>",
              '<FIELD name="a" datatype="double" arraysize="1000000x1000"/>'),
        table('<BINARY><STREAM encoding="base64"></STREAM></BINARY>',
              '<FIELD name="a" datatype="char" arraysize="10000000"/>'),
    ],
)  # fmt: skip
def test_open_when_more_is_announced_than_was_written_then_refused(
    content: str, new_path: NewPath
) -> None:
    """Nothing is allocated for it."""
    path = new_path(".xml")
    path.write_text(content)
    with pytest.raises(UnsafeFileError, match="bytes announce a table of"):
        open_reader(path, "votable", ReadOptions())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no VOTable that can be read to its end"),
        ("a,b\n1,2\n", "no VOTable that can be read to its end"),
        ("<html></html>", "begins with the element html"),
        (f"{HEAD}{TAIL}", "has no table"),
        (table("<TABLEDATA/>", attributes=' nrows="many"'), "nrows is 'many'"),
        (table("", '<FIELD name="a" datatype="int" arraysize="-1"/>'), "arraysize is '-1'"),
        (table("", '<FIELD name="a" datatype="quaternion"/>'), "cannot be read"),
    ],
)
def test_open_when_no_votable_then_corrupt(content: str, message: str, new_path: NewPath) -> None:
    path = new_path(".xml")
    path.write_text(content)
    with pytest.raises(CorruptFileError, match=message):
        open_reader(path, "votable", ReadOptions())


def test_open_when_elements_are_nested_deep_then_refused(new_path: NewPath) -> None:
    path = new_path(".xml")
    path.write_text(HEAD + "<RESOURCE>" * 10**5)
    with pytest.raises(UnsafeFileError, match="more than 100 elements"):
        open_reader(path, "votable", ReadOptions())


@pytest.mark.parametrize("piece_bytes", [1, 100, 2**20])
def test_read_when_damaged_then_no_bare_exception(
    piece_bytes: int, new_path: NewPath, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_votable_safety, "_PIECE_BYTES", piece_bytes)
    path = new_path(".xml")
    fields = f'{FIELD}<FIELD name="b" datatype="float" arraysize="*"/>'
    rows = "<TR><TD>1</TD><TD>1 2</TD></TR><TR><TD>2</TD><TD/></TR>"
    path.write_text(table(f"<TABLEDATA>{rows}</TABLEDATA>", fields))
    size, step = path.stat().st_size, 3
    cut, changed = refused(path, "votable", step=step)
    assert cut == -(-size // step)
    assert size // (3 * step) < changed < size // step
