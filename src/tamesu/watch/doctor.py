"""The doctor: looks at this installation and says what to do.

Each check gives a finding and none raises: what goes wrong is the finding. Refuses to repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tamesu.base import TamesuError, Unavailable
from tamesu.watch import machine
from tamesu.watch.finding import Finding

Look = Callable[[], str | Finding | None]
"""A check: what it found, that in full with a hint, or nothing where there is nothing to look at."""


def examine(  # noqa: PLR0913 - what wiring knows
    folder: Path,
    where: str,
    *,
    workers: int,
    listen: Callable[[], None],
    answers: Callable[[], bool],
    more: Mapping[str, Look],
) -> Iterator[Finding]:
    """Findings, one a check, as they are made.

    Args:
        folder: the data folder.
        where: host and port on which the server listens or would.
        workers: how many servers.
        listen: listens there and stops, or raises what a server would.
        answers: whether a Tamesu server answers there.
        more: further checks by name; each may raise a `TamesuError`.
    """
    yield machine.python()
    yield machine.installation()
    yield machine.folder(folder)
    yield machine.disk(folder)
    yield machine.file_system(folder)
    yield machine.open_files()
    yield machine.cores(workers)
    yield _port(where, listen, answers)
    for check, look in more.items():
        try:
            found = look()
        except TamesuError as error:
            yield Finding(check, well=False, found=error.message, hint=error.hint)
        else:
            if found is not None:
                yield Finding(check, True, found) if isinstance(found, str) else found


def _port(where: str, listen: Callable[[], None], answers: Callable[[], bool]) -> Finding:
    try:
        listen()
    except TamesuError as error:
        if isinstance(error, Unavailable) and answers():
            return Finding("port", well=True, found=f"a Tamesu server answers on {where}")
        return Finding("port", well=False, found=error.message, hint=error.hint)
    return Finding("port", well=True, found=f"{where} is free")
