"""Files elsewhere: list a folder behind a URL and bring files of it here, whole or not at all.

Knows folders, piles and HATS catalogues by their index files; knows no survey.
"""

from __future__ import annotations

from astropile.remote.folder import RemoteFile, RemoteFolder, Waiting, open_folder
from astropile.remote.listing import HATS_FILES, Listing, list_folder
from astropile.remote.names import local_path
from astropile.remote.path import RemotePath, is_url
from astropile.remote.transfer import Fetched, Wanted, fetch

__all__ = [
    "HATS_FILES",
    "Fetched",
    "Listing",
    "RemoteFile",
    "RemoteFolder",
    "RemotePath",
    "Waiting",
    "Wanted",
    "fetch",
    "is_url",
    "list_folder",
    "local_path",
    "open_folder",
]
