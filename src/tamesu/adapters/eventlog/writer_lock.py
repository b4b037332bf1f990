"""The advisory lock that makes one process the writer of a log's folder.

The kernel drops it when the holder dies, however it dies. Refuses to break another's lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tamesu.adapters.durable_folders import make_folder
from tamesu.base import Unavailable


class WriterLock:
    """`flock` on a file of its own, which holds the owner's process id for the error message.

    Local disks only: over network file systems `flock` may not hold.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> None:
        """Takes the lock; nothing happens if this object has it.

        Raises:
            Unavailable: another process, or another log object of this one, has it.
            OSError: the file cannot be made or written.
        """
        if self._handle is not None:
            return
        make_folder(self._path.parent)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sign(handle)
        except BlockingIOError as problem:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise Unavailable(
                f"one process may write the log in {self._path.parent}, and process {owner} does",
                hint=f"stop process {owner}, or let it do the writing",
                pid=owner,
            ) from problem
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Gives the lock back; nothing happens if this object does not have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @staticmethod
    def _sign(handle: int) -> None:
        text = f"{os.getpid()}\n".encode()
        os.ftruncate(handle, 0)
        os.pwrite(handle, text, 0)
