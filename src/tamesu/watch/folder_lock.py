"""The folder's lock: one supervisor for one data folder.

An advisory lock on a file that holds the supervisor's process id. Its roles inherit the lock, so it is
free only when the last of them is gone too: a supervisor that follows a killed one waits until what it
left behind has drained. Refuses to take the lock from a living supervisor.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from tamesu.base import Unavailable

FILE = "supervisor.lock"

PATIENCE_S = 20.0
"""Longest wait for the roles of a dead supervisor: they drain, which takes 15 s at most."""

_POLL_S = 0.05


class FolderLock:
    """Held from `take` to `close`, by this process and every child that inherits `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, patience_s: float = PATIENCE_S) -> Self:
        """The lock of `folder`, which exists.

        Raises:
            Unavailable: a living supervisor has it, the roles of a dead one do not end within
                `patience_s`, or the file cannot be made.
        """
        path = folder / FILE
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise Unavailable(
                f"{path} must be writable, it is not: {error.strerror}",
                hint="mend the folder's permissions or its disk",
            ) from error
        try:
            _wait_for(descriptor, folder, patience_s)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(descriptor)
            raise Unavailable(
                f"{path} must be lockable and writable, it is not: {error.strerror}",
                hint="the data folder must lie on a local disk that has room",
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def close(self) -> None:
        """Gives it back, once every child that inherited it is gone; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def folder_holder(folder: Path) -> int | None:
    """The process id of the supervisor that has `folder`; none if nobody has.

    A dead supervisor's id is given while its roles have not ended.

    Raises:
        Unavailable: the file is there and cannot be read.
    """
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{folder / FILE} must be readable: {error.strerror}") from error
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _named(descriptor)
    finally:
        os.close(descriptor)


def is_alive(process: int) -> bool:
    """Whether a process of that id is there and has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        told = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return True
    return told.rpartition(")")[2].split()[0] != "Z"


def _wait_for(descriptor: int, folder: Path, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    while not _lock(descriptor, fcntl.LOCK_EX):
        process = _named(descriptor)
        if process is not None and is_alive(process):
            raise Unavailable(
                f"a data folder must have one supervisor, process {process} has {str(folder)!r}",
                hint=f"stop it (kill {process}), or choose another folder: --data",
                process=process,
            )
        if time.monotonic() > end:
            raise Unavailable(
                f"the processes of a supervisor that died must end before another starts in "
                f"{str(folder)!r}, they still run after {patience_s:g} s",
                hint="see them with  tamesu status,  and kill them",
            )
        time.sleep(_POLL_S)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
