"""`Writing`: appends to the log, one at a time, and what each of them showed.

A log that fails is told of once, and once more when it works again: a full disk must not be filled with
messages about it. Refuses to try again: who submitted decides that.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from tamesu.base import Draft, TamesuError, Unavailable
from tamesu.ports import Clock, EventLog, Meter
from tamesu.serve.core.trace import trace

_log = structlog.get_logger("tamesu.serve.writing")


class Writing:
    """The appends of one server. They belong to one thread; what they showed may be read on any.

    Args:
        log: where to; other servers may write it, too.
        clock: to compare with the log's clock.
        meter: takes `append_seconds` and `append_records`.
    """

    def __init__(self, log: EventLog, clock: Clock, meter: Meter) -> None:
        self._log = log
        self._clock = clock
        self._meter = meter
        self._failing = ""
        self._failed = 0
        self._received_ms = 0
        self._skew_ms = 0

    @property
    def received_ms(self) -> int:
        """The log's own moment at the last append; 0 before the first. It never goes back."""
        return self._received_ms

    @property
    def skew_ms(self) -> int:
        """How far this machine's clock was ahead of the log's at the last append (ms)."""
        return self._skew_ms

    def append(self, drafts: Sequence[Draft]) -> TamesuError | None:
        """Appends `drafts` (one at least) as one; gives what went wrong, none if they are durable."""
        began = time.perf_counter()
        try:
            receipts = self._log.append(drafts)
        except TamesuError as error:
            self._tell(error.code, error.message)
            return error
        except Exception as error:  # noqa: BLE001 - a driver's error must not end the writer
            self._tell(type(error).__name__, trace(error))
            return failed(error)
        self._received_ms = receipts[-1].received
        self._skew_ms = self._clock.now() // 1000 - self._received_ms
        self._meter.observe("append_seconds", time.perf_counter() - began)
        self._meter.observe("append_records", len(drafts))
        if self._failing:
            _log.info("appends succeed again", failed=self._failed)
            self._failing, self._failed = "", 0
        return None

    def _tell(self, kind: str, detail: str) -> None:
        self._failed += 1
        if self._failing != kind:
            _log.warning("appends fail", code=kind, detail=detail)
            self._failing = kind


def failed(problem: Exception) -> Unavailable:
    """What to tell whoever submitted, of a `problem` that is none of ours."""
    return Unavailable(
        f"the log must take records, it failed with {type(problem).__name__}",
        hint="see the server's own messages; try again",
    )
