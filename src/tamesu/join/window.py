"""`Window`: from when until when the events of an anchored delivery count.

Refuses to look at more than one event at a time, and to know what it is worth.
"""

from __future__ import annotations

from tamesu.base import Reward, Time
from tamesu.base.reward import SKEW_US
from tamesu.join.verdict import Heard, Verdict


class Window:
    """The window of a delivery with its anchor at `start` (S); a session's grows as events count.

    Attributes:
        start: S.
        close: where events without a `within` of their own stop to count: S + window; of a session
            C, which begins at S + gap.
    """

    def __init__(self, reward: Reward, start: int) -> None:
        self._reward = reward
        self.start = start
        self.close = start + (reward.window if reward.gap is None else reward.gap)

    def end(self, kind: str) -> int:
        """Where events of this type stop to count, as things stand."""
        within = self._reward.events[kind].within
        return self.close if within is None else self.start + within

    @property
    def final(self) -> int:
        """From when on nothing more can be in time: the last end and the lateness."""
        return max(map(self.end, self._reward.events)) + self._reward.lateness

    def judge(self, one: Heard) -> Verdict:
        """Whether a rewarding event counts: `joined`; `late` if only its receipt forbids it."""
        reward, start = self._reward, self.start
        time = start if start - SKEW_US <= one.time < start else one.time
        end = self.end(one.event.type)
        if not start <= time < end:
            return Verdict.OUT_OF_WINDOW
        if one.received >= end + reward.lateness:
            return Verdict.LATE
        if reward.gap is not None and reward.events[one.event.type].within is None:
            self.close = min(max(self.close, time + reward.gap), start + reward.window)
        return Verdict.JOINED

    def span(self, kind: str) -> str:
        """In words, from when to when events of this type count."""
        return f"from {Time(self.start).text()} until {Time(self.end(kind)).text()}"
