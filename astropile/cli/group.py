"""The group of all verbs: where a command line starts and where every error ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from astropile.cli.failures import ReaderGoneError, exit_code, wants_debug


class Program(TyperGroup):
    """The group of all verbs; its errors end here."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run a command line and leave the process with its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        # The framework would end with its own messages; here it returns or raises.
        options["standalone_mode"] = False
        # Both are wanted where the line cannot be parsed, too, so they are looked for as text.
        as_json, debug = "--json" in given, "--debug" in given or wants_debug()
        parent = super().main
        code = exit_code(lambda: parent(given, *rest, **options), as_json=as_json, debug=debug)
        sys.exit(code)

    def invoke(self, ctx: Any) -> Any:
        """Run a verb and see its output off."""
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        return found
