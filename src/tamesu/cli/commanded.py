"""What became of a command, said to whoever gave it. Refuses to take one that waits for one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def say(told: Mapping[str, Any], lines: Mapping[str, str] | str, *, json: bool) -> None:
    """Prints what a command came to; one that waits for the trainer is said to.

    Args:
        told: as the client gives it.
        lines: for a person, once it is done; by its status where there are several.
        json: print `told` instead.
    """
    from tamesu.cli.output import console, write_json

    if json:
        write_json(told)
        return
    out = console()
    if told["status"] == "pending":
        out.print(
            f"not done yet: command {told['command']} is kept, and the trainer has not taken it",
            markup=False,
            soft_wrap=True,
        )
        out.print(
            "it will, once it runs, in the order of the commands. See whether it runs:  tamesu status",
            markup=False,
            soft_wrap=True,
        )
        return
    text = lines if isinstance(lines, str) else lines[told["status"]]
    out.print(text, markup=False, soft_wrap=True)
