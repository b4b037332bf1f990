"""The supervisor: one process that starts the others and never lets one stay dead.

It holds the listening socket, so a server that dies takes no connection with it: callers wait in the
backlog until the next one answers. A role that dies is started again at once, and one that hangs is
killed and started again; one that ends repeatedly soon after its start waits a little longer each
time. It never gives up. Refuses to touch data.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from tamesu.watch.board import Board
from tamesu.watch.life import Life
from tamesu.watch.lifeline import LIFELINE_VARIABLE
from tamesu.watch.role import Role

POLL_S = 0.05
"""How often the living are counted: a small part of the half second that a start takes."""

TELL_S = 1.0
"""How often how they stand is told where nothing happens."""

GRACE_S = 15.0
"""Time to drain: what a server gives requests in flight, and its log after them."""

HOLDER_VARIABLE = "TAMESU_HOLDER"
"""Tells a role who it is to the lease: the same for every process of one supervisor."""

SOCKET_VARIABLE = "TAMESU_SOCKET_FD"
"""Names the file descriptor of the socket that a role listens on."""

# One thread per process for linear algebra: the roles are the parallelism.
THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}

_log = structlog.get_logger("tamesu.watch")


class Supervisor:
    """Keeps one process of each role alive until told to stop.

    Roles are started in the order given. Those that listen are stopped first and together; then the
    others, one after another in their order, so that a trainer still learns from what servers drain.

    Args:
        roles: what to keep alive, each of another name.
        listener: the socket for the roles that listen.
        environment: variables for the roles beside our own.
        output: a file descriptor for what the roles print; our own stdout and stderr without.
        inherited: file descriptors that the roles keep open, whatever for.
        on_end: told of each end that was not asked for: the role's name and `died`, `hung` or
            `cannot_start`.
        on_change: given the lives whenever one changed, and every second.
    """

    def __init__(  # noqa: PLR0913 - what a process needs, and who is told
        self,
        roles: Sequence[Role],
        *,
        listener: socket.socket | None = None,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
        inherited: Sequence[int] = (),
        on_end: Callable[[str, str], None] | None = None,
        on_change: Callable[[Sequence[Life]], None] | None = None,
    ) -> None:
        self._output = output
        self._board = Board.make(len(roles))
        self._lives = [Life(role, self._board, seat) for seat, role in enumerate(roles)]
        self._listener = listener
        self._environment = dict(environment or {})
        self._inherited = tuple(inherited)
        self._on_end, self._on_change = on_end, on_change
        self._holder = f"supervisor-{os.getpid()}-{secrets.token_hex(4)}"
        self._pulse_read, self._pulse_write = os.pipe()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def restarts(self) -> dict[str, int]:
        """How often each role was started again after an end."""
        return {life.role.name: life.restarts for life in self._lives}

    def pid(self, role: str) -> int | None:
        """The process id of the role's living process, none while there is none."""
        with self._lock:
            for life in self._lives:
                if life.role.name == role:
                    return life.pid
        return None

    def start(self) -> None:
        """Starts every role and watches them from a thread of its own.

        Raises:
            OSError: a role's command cannot be started at all.
        """
        with self._lock:
            for life in self._lives:
                self._spawn(life)
        self._tell()
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watcher.start()

    def run(self, *, on_ready: Callable[[], None] | None = None) -> None:
        """Starts, and blocks until SIGTERM or SIGINT; then stops everything."""
        asked = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: asked.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            self.start()
            if on_ready:
                on_ready()
            while not asked.wait(0.5):
                pass
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Stops the roles, each with time to drain; a second call does nothing."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        servers = [life for life in self._lives if life.role.listens]
        others = [[life] for life in self._lives if not life.role.listens]
        for together in (servers, *others):
            for life in together:
                life.ask_to_end()
            until = time.monotonic() + GRACE_S
            for life in together:
                life.await_end(until)
        for descriptor in (self._pulse_read, self._pulse_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._pulse_read = self._pulse_write = -1
        self._board.close()

    def _watch(self) -> None:
        looked = told = time.monotonic()
        while not self._stopping.wait(POLL_S):
            now = time.monotonic()
            # Of a longer gap we slept through the rest, and heard nothing.
            listened, looked = min(now - looked, 2 * POLL_S), now
            try:
                with self._lock:
                    changed = [self._look_after(life, now, listened) for life in self._lives]
                if any(changed) or now - told > TELL_S:
                    told = now
                    self._tell()
            except Exception:  # noqa: BLE001 - whatever it is, the roles must be looked after
                _log.exception("the watch failed at something and goes on")

    def _look_after(self, life: Life, now: float, listened_s: float) -> bool:
        """Whether anything happened to it."""
        lived = life.process is not None
        if life.process is not None:
            if (why := life.why_ended()) is not None:
                self._lose(life, "died", why)
            elif life.listen(listened_s):
                return False
            else:
                self._lose(life, "hung", life.kill_hanging())
        if now < life.not_before:
            return lived
        try:
            self._spawn(life)
        except OSError as error:  # no memory, no process ids left, the interpreter gone
            self._lose(life, "cannot_start", f"cannot be started: {error}")
        else:
            life.restarts += 1
        return True

    def _lose(self, life: Life, reason: str, why: str) -> None:
        life.mourn(why)
        if self._on_end is not None:
            self._on_end(life.role.name, reason)

    def _spawn(self, life: Life) -> None:
        environment = {
            **os.environ,
            **THREADS,
            **self._environment,
            LIFELINE_VARIABLE: str(self._pulse_read),
            HOLDER_VARIABLE: self._holder,
        }
        inherited = [self._pulse_read, *self._inherited]
        if life.role.listens and self._listener is not None:
            environment[SOCKET_VARIABLE] = str(self._listener.fileno())
            inherited.append(self._listener.fileno())
        life.start(environment, tuple(inherited), self._output)

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change(self._lives)
