"""`Pause`: a process stands still at a port's call, the world goes on, and then so does the process.

A SIGSTOP, a laptop that sleeps, a long collection of garbage: whoever wakes does not know that it
slept. Refuses to wait by the clock: it lasts exactly as long as what happens meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tamesu.testing.crash import When
from tamesu.testing.wrapped import Port, wrap


class Pause:
    """Counts calls across all ports it wraps, and stands still once, at one of them.

    Args:
        n: the call to stand still at, from 1; 0 never does, and only counts.
        meanwhile: what happens while the caller stands still, with the bare ports. Waiting for a
            `threading.Event` makes it a gate.
        when: `before`: the call has had no effect yet; `after`: it has, and nobody knows the answer.

    Attributes:
        calls: the calls so far, as `<port class>.<method>`.
        paused: whether it has stood still.

    Example:
        >>> from tamesu.testing import Pause
        >>> words = ["a"]
        >>> Pause(1, lambda: words.append("meanwhile")).wrap(words).append("b")
        >>> words
        ['a', 'meanwhile', 'b']
    """

    def __init__(
        self, n: int, meanwhile: Callable[[], None], when: When | str = When.BEFORE
    ) -> None:
        self._n = n
        self._meanwhile = meanwhile
        self._when = When(when)
        self._lock = threading.Lock()
        self.calls: list[str] = []
        self.paused = False

    def wrap(self, port: Port) -> Port:
        """`port`, with every call of a public method counted. Plain attributes pass through."""
        return wrap(port, self)

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Calls the port's method, and stands still beside it if this is the call to do so at."""
        with self._lock:
            self.calls.append(f"{type(port).__name__}.{name}")
            still = self._n > 0 and len(self.calls) == self._n
            self.paused = self.paused or still
        if still and self._when is When.BEFORE:
            self._meanwhile()
        answer = getattr(port, name)(*args, **options)
        if still and self._when is When.AFTER:
            self._meanwhile()
        return answer
