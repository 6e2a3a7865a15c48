"""The one place where errors become messages and exit codes.

====  ==========================================================================
code  meaning
====  ==========================================================================
0     done
1     the data or a schema file are not as they should be; or an internal error
2     a call that can never work: wrong option, unknown name
3     a file that is not safe to read
4     something cannot be read or written: no folder, no space, no permission
130   interrupted from the keyboard
====  ==========================================================================
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from typer.exceptions import Abort, TyperException

from astropile.cli.output import printable
from astropile.disk import reason_of
from astropile.errors import AmbiguousColumnError, AstropileError, SchemaError

DATA, USAGE, IO, INTERRUPTED = 1, 2, 4, 130
DEBUG_VARIABLE = "ASTROPILE_DEBUG"


class ReaderGoneError(Exception):
    """Whoever reads our output closed it. Not an OSError, which the framework would take away."""


def wants_debug() -> bool:
    """Whether the environment asks for tracebacks."""
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def exit_code(call: Callable[[], object], *, as_json: bool, debug: bool) -> int:
    """Run a call, report how it fails, and return the exit code.

    Parameters
    ----------
    call : callable
        Returns an exit code, or None for success.
    as_json : bool
        Report errors as JSON.
    debug : bool
        Let unexpected exceptions through, with their traceback.
    """
    try:
        found = call()
    except ReaderGoneError:
        _silence_output()
        return IO
    except KeyboardInterrupt:
        found = INTERRUPTED
    except Exception as error:
        facts = error_facts(error)
        if debug and not facts["expected"]:
            raise
        report(error, facts, as_json=as_json)
        return int(facts["exit_code"])
    code = found if isinstance(found, int) else 0
    if code == INTERRUPTED:
        stop = KeyboardInterrupt("interrupted")
        report(stop, error_facts(stop), as_json=as_json)
    return code


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return what is known about an error: kind, message, place, next step, exit code."""
    facts: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error),
        "where": "",
        "hint": "",
        "exit_code": DATA,
        "expected": isinstance(error, AstropileError | TyperException | KeyboardInterrupt | Abort),
    }
    if isinstance(error, AstropileError):
        facts |= {"message": error.what, "where": error.where, "hint": error.hint}
        facts["exit_code"] = error.exit_code
        if isinstance(error, SchemaError):
            facts["problems"] = [asdict(problem) for problem in error.problems]
        if isinstance(error, AmbiguousColumnError):
            facts["candidates"] = list(error.candidates)
    elif isinstance(error, TyperException):
        path = getattr(getattr(error, "ctx", None), "command_path", "astropile")
        facts |= {"type": "UsageError", "message": error.format_message(), "exit_code": USAGE}
        facts["hint"] = f"see {path} --help"
    elif isinstance(error, KeyboardInterrupt | Abort):
        facts |= {"message": "interrupted", "exit_code": INTERRUPTED}
    elif isinstance(error, OSError):
        facts |= {"message": reason_of(error), "exit_code": IO}
        facts["where"] = str(error.filename or "")
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            facts["hint"] = "free some space; ASTROPILE_CACHE and TMPDIR name other disks"
    elif isinstance(error, MemoryError):
        facts |= {"message": "out of memory", "hint": "close other programs, or read less at once"}
    else:
        facts["message"] = f"internal error: {type(error).__name__}: {error}"
        facts["hint"] = f"please report it, with what {DEBUG_VARIABLE}=1 prints in addition"
    return facts


def report(error: BaseException, facts: dict[str, Any], *, as_json: bool) -> None:
    """Write an error to standard error, for people or for programs."""
    if as_json:
        public = {key: value for key, value in facts.items() if key != "expected"}
        sys.stderr.write(json.dumps({"error": public}, indent=2) + "\n")
        return
    if isinstance(error, SchemaError):
        sys.stderr.write(printable(str(error)) + "\n")  # each problem has its own label
        return
    from rich.text import Text

    from astropile.cli.output import remark_console

    place = f"{facts['where']}: " if facts["where"] else ""
    parts: list[str | tuple[str, str]] = [("error: ", "bold red")]
    parts.append(printable(place + facts["message"]))
    if facts["hint"]:
        parts += [("\n  = help: ", "cyan"), printable(facts["hint"])]
    remark_console().print(Text.assemble(*parts), soft_wrap=True)


def _silence_output() -> None:
    """Send what is still buffered nowhere; the interpreter would complain when it flushes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
