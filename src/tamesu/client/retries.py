"""`Retries`: how long to wait before asking again, and when to give up.

Exponential, with full jitter, so that clients do not return together; never sooner than the server
asked for. Refuses to go on past the end that the caller set.
"""

from __future__ import annotations

import random
import time

FIRST_S = 0.05
"""Longest first wait; it doubles with each try."""

LONGEST_S = 2.0
"""Where the waits stop growing: a server that is back is found soon."""


class Retries:
    """The tries of one call.

    Args:
        timeout_s: how long the call may take in all.

    Attributes:
        lost_answer: a try reached the server, perhaps, and its answer never came.
    """

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s
        self._wait_s = FIRST_S
        self.lost_answer = False

    @property
    def left_s(self) -> float:
        """Seconds until the end; at least a little, so that a last try can be made."""
        return max(self._end - time.monotonic(), 0.001)

    def again(self, at_least_s: float = 0.0) -> bool:
        """Waits, and says whether to try again; at once false where the wait would end too late."""
        jitter = random.uniform(0.0, self._wait_s)  # noqa: S311 - it spreads load, nothing is secret
        wait = at_least_s + jitter
        self._wait_s = min(2 * self._wait_s, LONGEST_S)
        if time.monotonic() + wait >= self._end:
            return False
        time.sleep(wait)
        return True
