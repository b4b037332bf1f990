"""Forgetting: archive files older than the setting `archive_retention` go, whole.

Without the setting none does. Never younger ones than the late horizon of any bandit and a day: what
may still correct must be found. Refuses files that do not say how old they are.
"""

from __future__ import annotations

import structlog

from tamesu.base.times import DAY_US, HOUR_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import Store

MOST = 200
"""Files that go in one slice."""

_log = structlog.get_logger("tamesu.engine")


class Forgetting:
    """Names files no more that are older than `keeps_us`; the sweeper deletes them."""

    name = "forgetting"
    every_us = HOUR_US

    def __init__(self, store: Store, keeps_us: int) -> None:
        self._store = store
        self._keeps_us = keeps_us

    def slice(self, turn: Turn) -> Slice:
        """Lets the oldest files go."""
        if turn.watermark is None:
            return Slice()
        # By the log's time too: a clock that is wrong here must not make everything old.
        oldest = min(turn.now, turn.watermark) - max(self._keeps_us, self._horizon_us() + DAY_US)
        old = [file for file in self._store.files() if 0 < file.newest < oldest]
        old = sorted(old, key=lambda file: file.newest)
        if not old:
            return Slice()
        self._store.arrange(turn.lease, [], old[:MOST])
        rows = sum(file.rows for file in old[:MOST])
        _log.info("archive files forgotten", files=len(old[:MOST]), rows=rows)
        return Slice(more=len(old) > MOST, counts={"archive_forgotten_total": rows})

    def _horizon_us(self) -> int:
        """The longest late horizon of any declaration, also of older ones."""
        return max(
            (
                declared.declaration.reward.late
                for name, newest in self._store.declarations().items()
                for number in range(1, newest.number + 1)
                if (declared := self._store.declared(name, number)) is not None
            ),
            default=0,
        )
