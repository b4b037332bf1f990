"""The supervisor: one process that starts the others and never lets one stay dead.

It holds the listening socket, so a server that dies takes no connection with it: callers wait in the
backlog until the next one answers. A role that dies is started again at once; one that dies
repeatedly within `QUICK_S` of its start waits a little longer each time. Refuses to touch data.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from tamesu.watch.lifeline import LIFELINE_VARIABLE

QUICK_S = 2.0
"""A role that lives shorter died of what it met at its start, and would meet again."""

LONGEST_WAIT_S = 5.0
"""Longest rest between two tries: whoever mends the cause need not wait long."""

POLL_S = 0.05
"""How often the living are counted: a small part of the half second that a start takes."""

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


@dataclass(frozen=True)
class Role:
    """One kind of process to keep alive.

    Attributes:
        name: as people call it: server, trainer.
        command: what to run.
        listens: whether it gets the supervisor's socket.
    """

    name: str
    command: Sequence[str]
    listens: bool = False


@dataclass
class _Life:
    role: Role
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    restarts: int = 0
    not_before: float = 0.0


class Supervisor:
    """Keeps one process of each role alive until told to stop.

    Roles are started in the order given and stopped in it too: the server first, so that the
    trainer still learns from what the server drains.

    Args:
        roles: what to keep alive.
        listener: the socket for the role that listens.
        environment: variables for the roles beside our own.
        output: a file descriptor for what the roles print; our own stdout and stderr without.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        *,
        listener: socket.socket | None = None,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> None:
        self._output = output
        self._lives = [_Life(role) for role in roles]
        self._listener = listener
        self._environment = dict(environment or {})
        self._holder = f"supervisor-{os.getpid()}-{secrets.token_hex(4)}"
        self._pulse_read, self._pulse_write = os.pipe()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def restarts(self) -> dict[str, int]:
        """How often each role was started again after a death."""
        return {life.role.name: life.restarts for life in self._lives}

    def pid(self, role: str) -> int | None:
        """The process id of the role's living process, none while there is none."""
        with self._lock:
            for life in self._lives:
                if life.role.name == role and life.process and life.process.poll() is None:
                    return life.process.pid
        return None

    def start(self) -> None:
        """Starts every role and watches them from a thread of its own.

        Raises:
            OSError: a role's command cannot be started at all.
        """
        with self._lock:
            for life in self._lives:
                self._spawn(life)
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
        """Stops the roles one after another, each with time to drain; a second call does nothing."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        for life in self._lives:
            self._end(life)
        for descriptor in (self._pulse_read, self._pulse_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._pulse_read = self._pulse_write = -1

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_S):
            with self._lock:
                for life in self._lives:
                    self._revive(life)

    def _revive(self, life: _Life) -> None:
        now = time.monotonic()
        if life.process is not None:
            code = life.process.poll()
            if code is None:
                return
            life.process = None
            self._mourn(life, now, exit_code=code)
        if now < life.not_before:
            return
        try:
            self._spawn(life)
        except OSError as error:  # no memory, no process ids left, the interpreter gone
            self._mourn(life, now, cannot_start=str(error))
        else:
            life.restarts += 1

    def _mourn(self, life: _Life, now: float, **why: object) -> None:
        """Says how long the role rests: not at all after a good life, longer with each quick death."""
        life.quick_deaths = life.quick_deaths + 1 if now - life.started < QUICK_S else 0
        rest = min(0.1 * 2**life.quick_deaths, LONGEST_WAIT_S) if life.quick_deaths > 1 else 0.0
        life.not_before = now + rest
        _log.warning("role died", role=life.role.name, again_in_s=round(rest, 2), **why)

    def _spawn(self, life: _Life) -> None:
        environment = {
            **os.environ,
            **THREADS,
            **self._environment,
            LIFELINE_VARIABLE: str(self._pulse_read),
            HOLDER_VARIABLE: self._holder,
        }
        inherited = [self._pulse_read]
        if life.role.listens and self._listener is not None:
            environment[SOCKET_VARIABLE] = str(self._listener.fileno())
            inherited.append(self._listener.fileno())
        life.started = time.monotonic()
        life.process = subprocess.Popen(  # noqa: S603 - the command is our own
            life.role.command,
            env=environment,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    def _end(self, life: _Life) -> None:
        process = life.process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                _log.error("role did not stop in time", role=life.role.name, after_s=GRACE_S)
                process.kill()
                process.wait()
        life.process = None
