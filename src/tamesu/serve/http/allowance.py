"""`Allowances`: how often keys may call, counted together by all servers of an installation.

Each key has one 64-bit moment on a page that the servers share: when all that was let through is paid
for at the key's rate (the generic cell rate algorithm). A call moves it on by one interval; who would
move it further ahead than a second waits. So a key may call `rate` times at once, and `rate` times a
second from then on. Nothing is locked: two servers that count in the same instant may count one call
instead of two, so a few more may pass and never fewer. Refuses to remember anything about a caller.
"""

from __future__ import annotations

import time
from mmap import mmap

PLACES = 1_024
"""Most keys of an installation."""

_SECOND_NS = 1_000_000_000


class Allowances:
    """The shared page.

    Args:
        page: `BYTES` bytes that can be written, zero at first; shared memory where several servers
            count together. A page of its own without one.
    """

    BYTES = 8 * PLACES

    def __init__(self, page: bytearray | mmap | None = None) -> None:
        page = bytearray(self.BYTES) if page is None else page
        self._paid = memoryview(page).cast("B").cast("q")

    def wait_s(self, place: int, rate: int) -> float:
        """0 where a call is let through, else the seconds until one will be; nothing is counted then.

        Args:
            place: of the key, below `PLACES`.
            rate: calls a second, from 1.
        """
        now = time.monotonic_ns()
        interval = _SECOND_NS // rate
        paid = self._paid[place]
        if not now < paid <= now + _SECOND_NS:
            # Long paid for; or a moment before this machine started, when its clock began anew.
            paid = now
        paid += interval
        over = paid - now - _SECOND_NS
        if over > 0:
            return over / _SECOND_NS
        self._paid[place] = paid
        return 0.0
