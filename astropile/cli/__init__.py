"""The command line: parses what was typed, calls the rooms below, prints what they return.

Results go to standard output, everything else to standard error; every verb has ``--json``. What
an exit code means is said in :mod:`astropile.cli.failures`.
"""

from astropile.cli.program import app, main

__all__ = ["app", "main"]
