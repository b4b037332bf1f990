"""A life: one role's process, what became of those before it, and when the next one comes.

Refuses to decide that a process must end: its supervisor does, and counts.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping

import structlog

from tamesu.watch.board import BOARD_VARIABLE, Board
from tamesu.watch.role import Role

QUICK_S = 2.0
"""Who dies sooner after its first beat died of what it met at its start, and would meet again."""

LONGEST_REST_S = 5.0
"""Longest rest between two tries: whoever mends the cause need not wait long."""

FIRST_BEAT_S = 60.0
"""Longest that a process may take to its first beat; a start takes half a second."""

TRACE_S = 0.3
"""Time for a process that hangs to say where, before it is killed."""

_log = structlog.get_logger("tamesu.watch")


class Life:
    """One role, kept alive.

    Args:
        role: what to run.
        board: where it beats.
        seat: its place there.
    """

    def __init__(self, role: Role, board: Board, seat: int) -> None:
        self.role = role
        self.restarts = 0
        self.since = 0.0
        self.last_end: tuple[float, str] | None = None
        self.not_before = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._board, self._seat = board, seat
        self._quick_ends = 0
        self._began = 0.0
        self._heard: int | None = None
        self._heard_first: float | None = None
        self._silent_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process id; none while there is no living process."""
        process = self.process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def rests_s(self) -> float:
        """How long until it is tried again; 0 for what runs or may start now."""
        return 0.0 if self.process else max(0.0, self.not_before - time.monotonic())

    @property
    def beat_age_s(self) -> float | None:
        """How long ago its loop last turned; none before its first beat, and for what never beats."""
        beaten = self._board.beaten(self._seat) if self.process else None
        return None if beaten is None else max(0.0, (time.monotonic_ns() - beaten) / 1e9)

    @property
    def connections(self) -> int | None:
        """How many connections it holds; none for what takes none."""
        return self._board.held(self._seat)

    @property
    def is_ready(self) -> bool:
        """What it said last of itself."""
        return self._board.is_ready(self._seat)

    def start(
        self,
        environment: Mapping[str, str],
        inherited: tuple[int, ...],
        output: int | None,
    ) -> None:
        """Starts a process.

        Raises:
            OSError: its command cannot be started at all.
        """
        self._board.clear(self._seat)
        board = f"{self._board.descriptor}:{self._seat}:{self._board.seats}"
        self._began = time.monotonic()
        self.since = time.time()
        self._heard, self._heard_first, self._silent_s = None, None, 0.0
        self.process = subprocess.Popen(  # noqa: S603 - the command is our own
            self.role.command,
            env={**environment, **self.role.environment, BOARD_VARIABLE: board},
            pass_fds=(*inherited, self._board.descriptor),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def why_ended(self) -> str | None:
        """How the process ended by itself, and forgets it then; none while it lives."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        return ending(code)

    def listen(self, waited_s: float) -> bool:
        """Hears whether it has beaten; false if it has been silent for longer than its patience.

        Silence is counted by how long its supervisor listened, so that a machine that slept, or a
        supervisor that was stopped, wakes to no massacre.

        Args:
            waited_s: how long the supervisor has listened since the last call.
        """
        patience = self.role.patience_s
        if patience is None or self.process is None:
            return True
        beaten = self._board.beaten(self._seat)
        if beaten != self._heard:
            self._heard, self._silent_s = beaten, 0.0
            self._heard_first = self._heard_first or time.monotonic()
        else:
            self._silent_s += waited_s
        return self._silent_s <= (FIRST_BEAT_S if self._heard is None else patience)

    def kill_hanging(self) -> str:
        """Has the process say where it hangs, if it can, and kills it; gives what to call that."""
        process = self.process
        if process is not None:
            process.send_signal(signal.SIGUSR1)  # roles answer with a trace of every thread
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(TRACE_S)
            process.kill()
            process.wait()
            self.process = None
        return f"hung: its loop stood still for {self._silent_s:.1f} s"

    def mourn(self, why: str) -> None:
        """Notes an end and how long to rest: not at all after a good life, longer with each quick end."""
        now = time.monotonic()
        self._board.clear(self._seat)
        well = self._began if self.role.patience_s is None else self._heard_first
        self._quick_ends = self._quick_ends + 1 if well is None or now - well < QUICK_S else 0
        rest = min(0.1 * 2**self._quick_ends, LONGEST_REST_S) if self._quick_ends > 1 else 0.0
        self.not_before = now + rest
        self.last_end = (time.time(), why)
        _log.warning(
            "role ended",
            role=self.role.name,
            why=why,
            again_in_s=round(rest, 2),
            restarts=self.restarts,
        )

    def ask_to_end(self) -> None:
        """Sends SIGTERM; does nothing without a process."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def await_end(self, until: float) -> None:
        """Waits for the process to end until a moment of the monotonic clock, and then kills it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.error("role did not stop in time and is killed", role=self.role.name)
            self.process.kill()
            self.process.wait()
        self.process = None
        self._board.clear(self._seat)


def ending(code: int) -> str:
    """How a process of that exit code ended, in words."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
