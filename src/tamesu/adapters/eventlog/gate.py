"""The gate of a log's folder: of the processes that write, one is inside.

Two locks, of which the kernel lets go when their holder dies, however it dies. Who finds the gate
shut takes the *turn*, waits at the gate with it, and hands the turn on once inside: so one alone
waits at the gate, and who comes out and wants in again finds somebody before it. SQLite's busy
handler knows no such order: one of two busy writers may get nothing for seconds. Refuses to break
another's lock, and to wait longer than it was told.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import secrets
import threading
from pathlib import Path

from tamesu.base import Unavailable

GATE, TURN = "gate.lock", "turn.lock"

PAGE_BYTES = 64
"""The gate's file: in the first half who was inside last, after it whether somebody waits, and who is
next: from when it takes the turn until its name stands in the first half."""

_at_once = ctypes.PyDLL(None).flock
"""`flock` that keeps the interpreter, for calls that never wait: beside a busy event loop, giving it
away and waiting to get it back costs milliseconds."""

_NAME = slice(32)
_WAITS = 32
_NEXT = slice(33, 43)
_PID = slice(10)


class Gate:
    """`flock` on two files of a folder, as one object of one process holds them.

    Local disks only: over network file systems `flock` may not hold. One thread at a time calls
    `take` and `give`. Not to be used on both sides of a fork.

    Args:
        folder: where the two files are, or are made.
        patience_s: how long `take` waits before it gives up.

    Raises:
        OSError: the files cannot be made or written.
    """

    def __init__(self, folder: Path, patience_s: float) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._name = f"{os.getpid():>10} {secrets.token_hex(10)}\n".encode()
        self._gate = _opened(folder / GATE)
        try:
            self._turn = _opened(folder / TURN)
            self._page = mmap.mmap(self._gate, PAGE_BYTES)
        except BaseException:
            os.close(self._gate)
            raise
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()
        self._order = threading.Semaphore(0)  # to the thread: stand in line
        self._inside = threading.Semaphore(0)  # from the thread: you are inside, or `_problem`
        self._standing = False
        self._wanted = False
        self._problem: OSError | None = None
        self._closed = False

    def take(self) -> bool:
        """Goes inside; gives whether nobody else was inside since this object last was.

        Raises:
            Unavailable: another was inside for longer than the patience, a process that hangs, say.
        """
        # Somebody who waits goes first. Died it meanwhile, standing in line puts the page right.
        waits = self._standing or self._page[_WAITS] or not self._try()
        if waits:
            self._wait()
        alone = bool(self._page[_NAME] == self._name)
        if not alone:
            self._page[_NAME] = self._name
        if waits:
            self._no_more_next()
        return alone

    def give(self) -> None:
        """Goes outside."""
        _at_once(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Lets go of the files, at once or when the kernel lets a thread go that waits for them."""
        with self._mutex:
            self._closed = True
            if self._thread is None:
                self._let_go()
        self._order.release()

    def _try(self) -> bool:
        # What else may be wrong is said by whoever stands in line then.
        refused: int = _at_once(self._gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return not refused

    def _wait(self) -> None:
        """Lets a thread stand in line, for a wait in the kernel can be neither timed nor ended."""
        with self._mutex:
            self._wanted = True
            if not self._standing:
                self._standing = True
                self._order.release()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._stand_in_line, name="log-gate", daemon=True
                )
                self._thread.start()
        if not self._inside.acquire(timeout=self._patience_s):
            with self._mutex:
                late, self._wanted = not self._wanted, False
            if not late:
                raise self._impatient()
            self._inside.acquire()
        if self._problem is not None:
            raise self._problem

    def _stand_in_line(self) -> None:
        while True:
            self._order.acquire()
            if not self._closed:
                self._go_inside()
            with self._mutex:
                self._standing = False
                if self._wanted:
                    self._wanted = False
                    self._inside.release()
                elif not self._closed:
                    self._no_more_next()
                    self.give()
                if self._closed:
                    self._let_go()
                    return

    def _go_inside(self) -> None:
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            self._page[_NEXT] = self._name[_PID]
            self._page[_WAITS] = 1
            fcntl.flock(self._gate, fcntl.LOCK_EX)
            self._page[_WAITS] = 0
            fcntl.flock(self._turn, fcntl.LOCK_UN)
        except OSError as problem:
            self._problem = problem

    def _no_more_next(self) -> None:
        if self._page[_NEXT] == self._name[_PID]:
            self._page[_NEXT] = bytes(10)

    def _let_go(self) -> None:
        self._page.close()
        os.close(self._gate)
        os.close(self._turn)

    def _impatient(self) -> Unavailable:
        holder = _process(self._page[_PID])
        others = {holder}
        if any(self._page[_NEXT]):  # it may be the one that hangs: at the gate, or just inside
            others |= {_process(self._page[_NEXT])} - {_process(self._name[_PID])}
        return Unavailable(
            f"the log in {self._folder} must be free within {self._patience_s:g} s, and process "
            f"{holder} held it for longer",
            hint=f"see whether process {' or '.join(sorted(others))} hangs; the next try may succeed",
            pid=holder,
        )


def _process(pid: bytes) -> str:
    return pid.strip(b"\0 ").decode(errors="replace") or "unknown"


def _opened(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if os.fstat(handle).st_size < PAGE_BYTES:
            # Written and not only lengthened: a page that is in no block of a full disk kills us.
            os.pwrite(handle, bytes(PAGE_BYTES), 0)
    except BaseException:
        os.close(handle)
        raise
    return handle
