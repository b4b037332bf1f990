"""`Freshness`: how old news is when it first decides something.

Measured by every server for itself, so that several together never look better than the slowest of
them. Refuses to measure by anything but the first decision that a snapshot serves: a snapshot that nobody
asked for has served nobody; and one that is older than its server was news to another.
"""

from __future__ import annotations

from collections.abc import Iterable

from tamesu.base import Time
from tamesu.base.times import SECOND_US
from tamesu.ports import Meter
from tamesu.serve.core.hot import Hot


class Freshness:
    """Watches for the first decision of each snapshot version."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._served: dict[str, int] = {}

    def start(self, hots: Iterable[Hot]) -> None:
        """These were there when the server started: whoever they were news to, it was not us."""
        for hot in hots:
            if hot.snapshot is not None:
                self._served[hot.snapshot.bandit] = hot.version

    def served(self, hot: Hot, now: Time) -> None:
        """A decision was made with `hot` at `now`."""
        snapshot = hot.snapshot
        if snapshot is None or self._served.get(snapshot.bandit) == snapshot.version:
            return
        self._served[snapshot.bandit] = snapshot.version
        for name, since in (
            ("freshness_seconds", snapshot.ready),
            ("learning_delay_seconds", snapshot.accepted),
        ):
            if since is not None:
                seconds = max(0.0, (now - since) / SECOND_US)
                self._meter.observe(name, seconds, bandit=snapshot.bandit)
