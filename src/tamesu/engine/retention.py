"""Retention of the log: a beginning of it goes, once it is learnt, archived and old.

Refuses to drop what the archive does not hold: what is forgotten here must be found there.
"""

from __future__ import annotations

import structlog

from tamesu.base.times import MILLISECOND_US, MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import EventLog, Store

_log = structlog.get_logger("tamesu.engine")


class Retention:
    """Drops what of the log is older than `keeps_ms`, and which neither join nor archive needs."""

    name = "retention"
    every_us = MINUTE_US

    def __init__(self, log: EventLog, store: Store, keeps_ms: int) -> None:
        self._log, self._store = log, store
        self._keeps_ms = keeps_ms

    def slice(self, turn: Turn) -> Slice:
        """Looks at every partition once; there is never more to do at once."""
        if turn.watermark is None:
            return Slice()
        # By the log's time too: a clock that is wrong here must not make everything old.
        older_than_ms = min(turn.now, turn.watermark) // MILLISECOND_US - self._keeps_ms
        retired = 0
        for partition, archived in enumerate(self._store.archived()):
            before = min(turn.low[partition], archived)
            gone = self._log.retire(partition, before, older_than_ms)
            if gone:
                _log.info("retired from the log", partition=partition, entries=gone)
                retired += gone
        return Slice(counts={"log_retired_total": retired} if retired else {})
