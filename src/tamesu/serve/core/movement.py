"""`Movement`: how fast the rankings of the bandits that are served moved in the last hour, for the meter.

What `Convergence` says of an hour, of what this server served by, and from memory: a server looks at the top of
each bandit once a step, at a moment of the bandit's own, so that a thousand are not looked at at once. Refuses
to tell an hour that it has not seen whole: after a start there is no level for an hour.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from zlib import crc32

from tamesu.base import Time
from tamesu.base.times import HOUR_US
from tamesu.experiment import STEPS, rates, turnovers
from tamesu.ports import Meter
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.tops import top_of

STEP_US = HOUR_US // STEPS
"""How long lies between two looks."""


class Movement:
    """The tops of the last hour. One thread at a time."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._seen: dict[str, _Seen] = {}

    def tell(self, hots: Mapping[str, Hot], now: Time) -> None:
        """Looks at the bandits whose step has passed, and sets their levels."""
        for name in self._seen.keys() - hots.keys():
            del self._seen[name]
        for name, hot in hots.items():
            step = (now + crc32(name.encode()) % STEP_US) // STEP_US
            seen = self._seen.setdefault(name, _Seen())
            if step == seen.step:
                continue
            seen.look(step, hot)
            if len(seen.tops) > STEPS:
                (rate,), (turnover,) = rates([*seen.tops]), turnovers([*seen.tops])
                if rate is not None and turnover is not None:
                    self._meter.level("ranking_change_rate", rate, bandit=name)
                    self._meter.level("ranking_turnover", turnover, bandit=name)


class _Seen:
    """What was seen of one bandit.

    Attributes:
        step: the newest that was looked at.
        tops: of the steps up to it, without a gap; none where the snapshot does not read.
    """

    def __init__(self) -> None:
        self.step = -1
        self.tops: deque[frozenset[str] | None] = deque(maxlen=STEPS + 1)
        self._version = -1

    def look(self, step: int, hot: Hot) -> None:
        """Adds the top of this step; a gap before it, as of a machine that slept, begins anew."""
        if step != self.step + 1:
            self.tops.clear()
        is_same = self.tops and hot.version == self._version
        top = self.tops[-1] if is_same else None if hot.broken else top_of(hot)
        self.tops.append(top)
        self.step, self._version = step, hot.version
