"""Errors on the terminal: `error: …` and `hint: …` on stderr, or the same as JSON.

Refuses to word an error: the words are the error's own.
"""

from __future__ import annotations

import json as json_text
import sys
from typing import Any

from typer.exceptions import TyperException

BAD_USAGE = 2


def failure(problem: BaseException, *, json: bool) -> int | None:
    """Prints an error that was raised on purpose and gives its exit code; none for any other."""
    if isinstance(problem, TyperException):
        return _usage(problem, json=json)
    from tamesu.base import TamesuError, plain

    if not isinstance(problem, TamesuError):
        return None
    report(problem.message, problem.hint, json=json, code=problem.code, facts=plain(problem.facts))
    return problem.exit_code


def _usage(problem: TyperException, *, json: bool) -> int:
    """Prints what is wrong with the words of a command line."""
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "tamesu"
    message = " ".join(problem.format_message().split()).replace("Value error, ", "")
    report(message, f"{path} --help", json=json, code="usage")
    return BAD_USAGE


def report(
    message: str,
    hint: str = "",
    *,
    json: bool,
    code: str = "error",
    facts: dict[str, Any] | None = None,
) -> None:
    """Prints one error on stderr.

    Args:
        message: what must hold, what was got, and where.
        hint: what to do, or an empty text.
        json: as one JSON object `{code, detail, hint, ...facts}`, the shape that HTTP answers too.
        code: the stable name of the kind of error.
        facts: typed details by name.
    """
    if json:
        body = {"code": code, "detail": message, "hint": hint}
        print_error(json_text.dumps({**(facts or {}), **body}, ensure_ascii=False, default=str))
        return
    styled = sys.stderr.isatty()
    red, blue, off = ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m") if styled else ("", "", "")
    print_error(f"{red}error:{off} {message}")
    if hint:
        print_error(f"{blue}hint:{off} {hint}")


def print_error(line: str) -> None:
    """Writes one line to stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
