"""Ctrl-C, put off while processes are started or stopped: half a start leaves somebody behind.

Refuses to swallow it: what came meanwhile is raised afterwards, and what Python itself swallows is raised again.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Runs its body to the end; SIGINT and SIGTERM that came meanwhile are then one `KeyboardInterrupt`.

    For the main thread. Children are not touched: a handler does not outlive `exec`.
    """
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _: came.append(got)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


class Interrupts:
    """SIGINT and SIGTERM as `KeyboardInterrupt`, once more where the first one was lost.

    A handler runs wherever the main thread happens to be. In a finaliser, or in the callback of a weak reference
    that a garbage collection calls, Python prints what is raised and goes on. So whoever loops asks `check`.
    """

    def __init__(self) -> None:
        self._came = False

    def listen(self) -> None:
        """From now on signals are heard; for the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._hear)

    def check(self) -> None:
        """Raises `KeyboardInterrupt` where a signal came.

        Raises:
            KeyboardInterrupt: as said.
        """
        if self._came:
            raise KeyboardInterrupt

    def _hear(self, number: int, frame: object) -> None:
        del number, frame
        self._came = True
        raise KeyboardInterrupt
