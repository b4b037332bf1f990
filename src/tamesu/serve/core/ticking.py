"""`Ticking`: when a server moves the log's time, because nobody else does.

Several servers write one log; the newest record counts, whoever wrote it. Refuses to be silent for
long even where others write: a server that never appends does not know whether it can.
"""

from __future__ import annotations

import time

import structlog

from tamesu.ports import Clock, EventLog
from tamesu.serve.core.trace import trace

TICK_S = 0.5
"""Age of the log's newest record at which a tick is due."""

PROBE_S = 2.0
"""How long since its own last append a server ticks though others write."""

_log = structlog.get_logger("tamesu.serve.ticking")


class Ticking:
    """Knows when to look, and whether to tick. Belongs to the log's writer thread.

    Args:
        log: whose newest record is looked at.
        clock: says how old that is; one that stepped back makes it new, and `PROBE_S` helps.
        tick_s: see `TICK_S`.
    """

    def __init__(self, log: EventLog, clock: Clock, tick_s: float) -> None:
        self._log = log
        self._clock = clock
        self._tick_s = tick_s
        self._told = False
        self._landed_at = time.monotonic()
        self._look_at = self._landed_at + tick_s

    @property
    def rest_s(self) -> float:
        """How long nothing need be done; 0 when it is time to look."""
        return max(0.0, self._look_at - time.monotonic())

    @property
    def silence_s(self) -> float:
        """Seconds since this server's last append, or since it began; may be read on any thread."""
        return time.monotonic() - self._landed_at

    def landed(self) -> None:
        """This server appended something, or begins."""
        self._landed_at = time.monotonic()
        self._look_at = self._landed_at + self._tick_s

    def due(self) -> bool:
        """Whether to tick now; looks into the log, so only when there is nothing left to rest."""
        age_s = self._age_s()
        if age_s >= self._tick_s or self.silence_s >= PROBE_S:
            self._look_at = time.monotonic() + self._tick_s
            return True
        self._look_at = time.monotonic() + self._tick_s - age_s
        return False

    def _age_s(self) -> float:
        """Age of the log's newest record; endless where there is none to see."""
        newest_ms = -1
        try:
            for partition in range(self._log.partitions):
                end = self._log.end(partition)
                for entry in self._log.read(partition, end - 1, 1) if end else ():
                    newest_ms = max(newest_ms, entry.received)
        except Exception as error:  # noqa: BLE001 - then a tick is tried, and tells what is wrong
            # Once until it can be read again: a disk that is full must not be filled more.
            if not self._told:
                _log.warning("the log cannot be read", trace=trace(error))
            self._told = True
            return float("inf")
        self._told = False
        if newest_ms < 0:
            return float("inf")
        return max(0.0, (self._clock.now() // 1000 - newest_ms) / 1000)
