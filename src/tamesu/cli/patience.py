"""Ctrl-C, put off while processes are started or stopped: half a start leaves somebody behind.

Refuses to swallow it: what came meanwhile is raised afterwards.
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
