"""The doctor: looks at this installation and says what to do.

Each check gives a finding and none raises: what goes wrong is the finding. Refuses to repair.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tamesu.base import TamesuError, Unavailable
from tamesu.watch.finding import Finding

LEAST_FREE_BYTES = 1 << 30
LEAST_PYTHON = (3, 11)


def examine(
    folder: Path,
    where: str,
    *,
    listen: Callable[[], None],
    answers: Callable[[], bool],
    more: dict[str, Callable[[], str]],
) -> Iterator[Finding]:
    """Findings, one a check, as they are made.

    Args:
        folder: the data folder.
        where: host and port on which the server listens or would.
        listen: listens there and stops, or raises what a server would.
        answers: whether a Tamesu server answers there.
        more: further checks by name: each gives what it found or raises a `TamesuError`.
    """
    yield _python()
    yield _writable(folder)
    yield _disk(folder)
    yield _port(where, listen, answers)
    for check, look in more.items():
        try:
            yield Finding(check, well=True, found=look())
        except TamesuError as error:
            yield Finding(check, well=False, found=error.message, hint=error.hint)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "python",
        well=sys.version_info >= LEAST_PYTHON,
        found=version,
        hint="" if sys.version_info >= LEAST_PYTHON else "install Python 3.11 or newer",
    )


def _nearest(folder: Path) -> Path:
    """The folder itself, or its closest parent that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _writable(folder: Path) -> Finding:
    place = _nearest(folder)
    probe = place / f".tamesu-doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(
            "data folder",
            well=False,
            found=f"{folder} cannot be written: {error.strerror}",
            hint="mend its permissions, or choose another with --data",
        )
    return Finding("data folder", well=True, found=f"{folder} can be written")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_nearest(folder)).free
    well = free >= LEAST_FREE_BYTES
    hint = "" if well else "make room, or choose another folder with --data"
    return Finding("disk", well=well, found=f"{free / 2**30:.1f} GiB free", hint=hint)


def _port(where: str, listen: Callable[[], None], answers: Callable[[], bool]) -> Finding:
    try:
        listen()
    except TamesuError as error:
        if isinstance(error, Unavailable) and answers():
            return Finding("port", well=True, found=f"a Tamesu server answers on {where}")
        return Finding("port", well=False, found=error.message, hint=error.hint)
    return Finding("port", well=True, found=f"{where} is free")
