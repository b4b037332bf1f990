"""`Torn`: the process dies in the middle of a write, and half of the write is there.

No port may leave half a write behind, and none of ours does: a log made of several requests, a file
copied by hand, a disk that lied can. Whoever reads must come through all the same. Refuses to tear a
store's commit: a store that does one by halves has broken its only promise, and nothing above it can
be right.
"""

from __future__ import annotations

import threading
from typing import Any

from tamesu.testing.crash import Crash
from tamesu.testing.wrapped import Port, wrap


class Torn:
    """Counts writes across all ports it wraps, and tears one of them.

    Writes are a log's `append` of two drafts or more and an archive's `write` of two rows or more:
    the first half is done. All other calls pass through, until the crash; after it none does.

    Args:
        n: the write to tear, from 1; 0 tears none, and only counts.

    Attributes:
        writes: the writes so far, as `<port class>.<method>`.
        crashed: whether it has torn one.

    Example:
        >>> from tamesu.adapters.clock.manual import ManualClock
        >>> from tamesu.adapters.eventlog.memory import MemoryEventLog
        >>> from tamesu.base import TICK
        >>> from tamesu.testing import Crash, Torn
        >>> log = MemoryEventLog(clock=ManualClock())
        >>> try:
        ...     Torn(1).wrap(log).append([TICK, TICK, TICK, TICK])
        ... except Crash:
        ...     print(log.end(0))
        2
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self._lock = threading.Lock()
        self.writes: list[str] = []
        self.crashed = False

    def wrap(self, port: Port) -> Port:
        """`port`, with its writes counted. Plain attributes pass through."""
        return wrap(port, self)

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Calls the port's method, for half of what it was given if this is the write to tear."""
        half = _half(name, args)
        with self._lock:
            if self.crashed:
                raise Crash(f"called after the crash: {name}")
            if half is not None:
                self.writes.append(f"{type(port).__name__}.{name}")
                self.crashed = self._n > 0 and len(self.writes) == self._n
            torn = self.crashed
        if half is None or not torn:
            return getattr(port, name)(*args, **options)
        getattr(port, name)(*half, **options)
        raise Crash(f"in the middle of write {self._n}, {self.writes[-1]}")


def _half(name: str, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The arguments of half the write, none where a call is no write, or is too small to tear."""
    if name == "append" and len(args[0]) > 1:
        return (args[0][: len(args[0]) // 2],)
    if name == "write" and len(args[1]) > 1:
        stem, observations = args
        return (stem, observations.take(slice(0, len(observations) // 2)))
    if name == "write_all" and sum(map(len, args[1])) > 1:
        stem, groups = args
        whole, torn = groups[: len(groups) // 2], groups[len(groups) // 2]
        part = torn.take(slice(0, len(torn) // 2))
        return (stem, [*whole, part] if len(part) else whole)
    return None
