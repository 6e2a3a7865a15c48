"""Survey files that were checked when the package was made need not be checked at every load.

Checking units takes astropy, whose import costs more than all the rest of a load. So the digests of
the shipped files that passed every check are written to the registry; a file that was changed by
one character has another digest and is checked again. A test keeps the list current.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from astropile.document import Document, read_document
from astropile.schema.include import fragment_texts
from astropile.vocabulary import data_path

__all__ = ["checked_text", "is_checked", "write_checked"]


def _path() -> Path:
    return data_path("registry") / "checked.json"


def _digest(document: Document) -> str:
    """Return the digest of a file and of the fragments that it includes."""
    texts = (document.text, *fragment_texts(document))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    path = _path()
    if not path.is_file():
        return frozenset()
    return frozenset(json.loads(path.read_text(encoding="utf-8")).values())


def is_checked(document: Document) -> bool:
    """Whether exactly this text, with its fragments, passed all checks when the package was made.

    Parameters
    ----------
    document : Document
        A survey file.
    """
    return _digest(document) in _known()


def checked_text() -> str:
    """Return what the list must hold now: the digest of every shipped file, by name."""
    files = sorted(data_path("schemas").glob("*.yaml"))
    digests = {file.name: _digest(read_document(file)) for file in files}
    return json.dumps(digests, indent=2, sort_keys=True) + "\n"


def write_checked() -> Path:
    """Write the list; whoever calls this has checked the files."""
    path = _path()
    path.write_text(checked_text(), encoding="utf-8")
    return path
