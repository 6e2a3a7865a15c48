"""YAML files that know where everything in them stands.

A survey file is read by :func:`read_document` into plain dicts and lists, together with the place
of every key and value, so that each later check can point at the character that is wrong. The
reader is strict: what YAML makes ambiguous or dangerous (anchors, aliases, tags, merge keys,
duplicate keys, several documents, sheer size) is refused, all at once, before anything is built
from it. Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

from astropile.document.document import Document
from astropile.document.lints import document_lints
from astropile.document.reading import parse_document, read_document
from astropile.document.source import Span
from astropile.document.suggestions import did_you_mean, near, shown

__all__ = [
    "Document",
    "Span",
    "did_you_mean",
    "document_lints",
    "near",
    "parse_document",
    "read_document",
    "shown",
]
