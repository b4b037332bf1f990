"""`Retries`: how long to wait before asking again, and when to give up.

Exponential, with full jitter, so that clients do not return together; never sooner than the server
asked for. Refuses to go on past the end that the caller set, and to wait itself.
"""

from __future__ import annotations

import random
import time

FIRST_S = 0.05
"""Longest first wait; it doubles with each try."""

LONGEST_S = 2.0
"""Where the waits stop growing: a server that is back is found soon."""

FIRST_TRY = 0.5
"""Share of the whole time that the first try may take: behind one address there may be a worker that
hangs, and a second try meets another."""


class Retries:
    """The tries of one call.

    Args:
        timeout_s: how long the call may take in all.
        first_try: share of it that the first try may take.

    Attributes:
        timeout_s: the same.
        lost_answer: a try reached the server, perhaps, and its answer never came.
    """

    def __init__(self, timeout_s: float, first_try: float = FIRST_TRY) -> None:
        self.timeout_s = timeout_s
        self.lost_answer = False
        self._end = time.monotonic() + timeout_s
        self._longest_s = FIRST_S
        self._first_try = first_try
        self._tries = 0

    def try_s(self) -> float:
        """Seconds that the next try may take; at least a little, so that a last one can be made."""
        self._tries += 1
        left = self._end - time.monotonic()
        return max(left if self._tries > 1 else min(left, self._first_try * self.timeout_s), 0.001)

    def wait_s(self, at_least_s: float = 0.0) -> float | None:
        """Seconds to wait before the next try; none where the wait would end too late."""
        wait = at_least_s + random.uniform(0.0, self._longest_s)  # noqa: S311 - nothing is secret
        self._longest_s = min(2 * self._longest_s, LONGEST_S)
        return wait if time.monotonic() + wait < self._end else None
