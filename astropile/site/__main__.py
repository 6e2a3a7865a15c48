"""Write the pages of the site: ``python -m astropile.site DOCS TARGET``."""

from __future__ import annotations

import sys
from pathlib import Path

from astropile.errors import AstropileError, UsageError
from astropile.site.build import build_source

#: The public face stands above all rooms; Python loaded it before this module.
_PACKAGE = sys.modules[__package__.partition(".")[0]]


def main(arguments: list[str]) -> int:
    """Write the source of the site and say how many pages it has; return the exit code."""
    try:
        if len(arguments) != 2:
            message = f"two folders are needed, got {len(arguments)}"
            raise UsageError(message, hint="python -m astropile.site docs docs/_build/source")
        files = build_source(Path(arguments[0]), Path(arguments[1]), _PACKAGE)
    except AstropileError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    pages = sum(file.suffix == ".md" for file in files)
    sys.stdout.write(f"{pages} pages in {arguments[1]}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
