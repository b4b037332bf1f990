"""`CrashAfter`: the process dies at the n-th call of a port, before its effect or after it.

Wrap every port that the code under test uses with one `CrashAfter`, run it, catch `Crash`, and go
on with the bare ports as a new process would. Refuses to crash twice, and to be caught by code that
catches `Exception`: `Crash` is none.
"""

from __future__ import annotations

import threading
from enum import Enum
from typing import Any

from tamesu.testing.wrapped import Port, wrap


class When(Enum):
    """On which side of a call's effect the crash comes."""

    BEFORE = "before"
    AFTER = "after"


class Crash(BaseException):
    """The process died here, as far as the code under test can tell."""


class CrashAfter:
    """Counts calls across all ports it wraps, and dies at one of them.

    Args:
        n: the call to die at, from 1; 0 never dies, and only counts.
        when: `before`: the call has no effect; `after`: it has, and its answer is lost.

    Attributes:
        calls: the calls so far, as `<port class>.<method>`.
        crashed: whether it has died.

    Example:
        >>> from tamesu.testing import Crash, CrashAfter
        >>> faults = CrashAfter(2)
        >>> words = faults.wrap(["a"])
        >>> words.append("b")
        >>> try:
        ...     words.append("c")
        ... except Crash:
        ...     print(faults.calls)
        ['list.append', 'list.append']
    """

    def __init__(self, n: int, when: When | str = When.BEFORE) -> None:
        self._n = n
        self._when = When(when)
        self._lock = threading.Lock()
        self.calls: list[str] = []
        self.crashed = False

    def wrap(self, port: Port) -> Port:
        """`port`, with every call of a public method counted. Plain attributes pass through."""
        return wrap(port, self)

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Calls the port's method, unless this is the call to die at."""
        with self._lock:
            if self.crashed:
                raise Crash(f"called after the crash: {name}")
            self.calls.append(f"{type(port).__name__}.{name}")
            fatal = self._n > 0 and len(self.calls) == self._n
            self.crashed = fatal
        if fatal and self._when is When.BEFORE:
            raise Crash(f"before call {self._n}, {self.calls[-1]}")
        answer = getattr(port, name)(*args, **options)
        if fatal:
            raise Crash(f"after call {self._n}, {self.calls[-1]}")
        return answer
