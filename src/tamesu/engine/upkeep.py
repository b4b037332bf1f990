"""`Upkeep`: gives each duty its turn, one slice at a time, between two steps of learning.

A duty that fails, be it by a mistake of ours, keeps nobody from learning, nor the other duties from
theirs: it is told once, counted, and tried again. Refuses to judge what a duty does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from tamesu.base import Bug, Conflict, TamesuError, Time
from tamesu.engine.duty import Duty, Turn
from tamesu.ports import Meter

_log = structlog.get_logger("tamesu.engine")


@dataclass
class _Post:
    """A duty, when it had its last slice, and how long it rests after that."""

    duty: Duty
    since: Time | None = None
    rest_us: int = 0
    failing: str = ""

    def is_due(self, now: Time) -> bool:
        # A clock that was set back makes nothing wait longer than it would have.
        return self.since is None or not 0 <= now - self.since < self.rest_us


class Upkeep:
    """Duties in turn: of those that are due, the one that waits for its slice the longest.

    Args:
        duties: all of them, in the order in which they have their first turn.
        meter: takes what they count, and their failures; without one nobody does.
    """

    def __init__(self, duties: Sequence[Duty], meter: Meter | None = None) -> None:
        self._posts = deque(_Post(duty) for duty in duties)
        self._meter = meter

    def tend(self, turn: Turn) -> bool:
        """Gives at most one duty a slice; whether one was due.

        Raises:
            Conflict: the lease is stale; the trainer must begin anew.
        """
        for _ in range(len(self._posts)):
            post = self._posts[0]
            self._posts.rotate(-1)
            if post.is_due(turn.now):
                self._slice(post, turn)
                return True
        return False

    def _slice(self, post: _Post, turn: Turn) -> None:
        duty = post.duty
        post.since, post.rest_us = turn.now, duty.every_us
        try:
            done = duty.slice(turn)
        except Conflict:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake in a duty must not keep us from learning
            code = error.code if isinstance(error, TamesuError) else Bug.code
            if self._meter is not None:
                self._meter.count("upkeep_failures_total", duty=duty.name, code=code)
            if post.failing != code:
                post.failing = code
                reason = error.message if isinstance(error, TamesuError) else repr(error)
                _log.warning("upkeep waits", duty=duty.name, code=code, reason=reason)
            return
        if post.failing:
            _log.info("upkeep goes on", duty=duty.name, after=post.failing)
            post.failing = ""
        if done.more:
            post.rest_us = 0
        if self._meter is not None:
            for name, amount in done.counts.items():
                self._meter.count(name, amount)
