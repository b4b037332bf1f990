"""`Flusher`: a thread that sends what waits in an outbox.

It starts with the first event. Refuses to hold up the end of the program without end: a daemon, told
to finish by `close`, and where nobody closes it, when the interpreter exits.
"""

from __future__ import annotations

import atexit
import logging
import threading
from concurrent.futures import TimeoutError as NotInTime

from tamesu.base import Unavailable, Unsent
from tamesu.client.batching import Batching
from tamesu.client.calls import Calls
from tamesu.client.connection import Connection
from tamesu.client.flushing import flushing
from tamesu.client.outbox import Outbox

CRASHED = (
    "events were not sent, for a reason that was not foreseen; with the next one all are tried"
)
_log = logging.getLogger("tamesu.client")


class Flusher:
    """Sends events in the background.

    Args:
        connection: by which they go.
        calls: how.
        batching: when.
    """

    def __init__(self, connection: Connection, calls: Calls, batching: Batching) -> None:
        self._connection, self._calls, self._patience_s = connection, calls, batching.patience_s
        self.outbox = Outbox(batching, self._ring)
        self.renew()

    def renew(self) -> None:
        """Forgets thread and events: in a process that was forked, they are the parent's."""
        self.outbox.renew()
        self._bell = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def flush(self, timeout_s: float | None) -> None:
        """Waits until all that was tracked before is acknowledged or refused.

        Args:
            timeout_s: longest wait; none for the batching's `patience_s`.

        Raises:
            Unavailable: some of it is not within `timeout_s`; it stays here and goes on being tried.
            Unsent: some of it was refused for good; it is no longer here.
        """
        timeout_s = self._patience_s if timeout_s is None else timeout_s
        try:
            self.outbox.flushed().result(timeout_s)
        except NotInTime:
            raise not_in_time(self.outbox.waiting, timeout_s) from None
        if (unsent := self.outbox.hand_back(all_of_them=False)) is not None:
            raise unsent

    def close(self, timeout_s: float | None) -> Unsent | None:
        """Sends what waits; gives what was refused, or not acknowledged within `timeout_s`."""
        timeout_s = self._patience_s if timeout_s is None else timeout_s
        self.outbox.close(timeout_s)
        if (thread := self._thread) is not None:
            thread.join(timeout_s)
            atexit.unregister(self._at_exit)  # not sooner: the wait may be interrupted
        return self.outbox.hand_back(all_of_them=True)

    def _ring(self) -> None:
        self._bell.set()
        if self._thread is None and self.outbox.waiting:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name="tamesu-flusher", daemon=True
                    )
                    self._thread.start()
                    atexit.register(self._at_exit)

    def _run(self) -> None:
        try:
            self._connection.perform(flushing(self.outbox, self._calls), self._idle)
        except Exception:  # noqa: BLE001 - logged; nothing is lost by it
            self._thread = None
            _log.exception(CRASHED)

    def _idle(self, seconds: float | None) -> None:
        self._bell.wait(seconds)
        self._bell.clear()

    def _at_exit(self) -> None:
        tell_unclosed(self.close(None))


def tell_unclosed(unsent: Unsent | None) -> None:
    """Says what a client that nobody closed could not deliver when the program ended."""
    if unsent is not None:
        _log.error("a client was not closed when the program ended; %s", unsent.message)


def not_in_time(waiting: int, timeout_s: float) -> Unavailable:
    """The error for events that wait on."""
    return Unavailable(
        f"events must be acknowledged within {timeout_s:g} s, {waiting:,} are not yet",
        hint="they wait and are tried again; close() hands back what cannot be sent",
        waiting=waiting,
    )
