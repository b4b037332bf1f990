"""`consent`: whether somebody wants what cannot be taken back. Refuses to take silence for a yes."""

from __future__ import annotations

import sys


def consent(question: str, *, yes: bool) -> bool:
    """Whether it is wanted: said beforehand with `--yes`, or now, on the terminal.

    Raises:
        InvalidInput: nobody said so beforehand, and nobody can be asked.
    """
    if yes:
        return True
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        from tamesu.base import InvalidInput

        raise InvalidInput(
            "this must be confirmed, and nobody can be asked: there is no terminal",
            hint="say it beforehand with --yes",
        )
    import typer

    if typer.confirm(question, err=True):
        return True
    typer.echo("nothing was changed", err=True)
    return False
