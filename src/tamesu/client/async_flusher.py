"""`AsyncFlusher`: a task that sends what waits in an outbox.

It starts with the first event. Refuses to lose what waits when its event loop ends without `close`:
that is sent when the interpreter exits.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections.abc import Callable
from contextlib import closing

from tamesu.base import Unsent
from tamesu.client.async_connection import AsyncConnection
from tamesu.client.batching import Batching
from tamesu.client.calls import Calls
from tamesu.client.connection import Connection
from tamesu.client.flusher import CRASHED, not_in_time, tell_unclosed
from tamesu.client.flushing import flushing
from tamesu.client.outbox import Outbox

_log = logging.getLogger("tamesu.client")


class AsyncFlusher:
    """Sends events in the background, as a task.

    Args:
        connection: by which they go.
        alone: makes another, for when the event loop is gone.
        calls: how.
        batching: when.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        alone: Callable[[], Connection],
        calls: Calls,
        batching: Batching,
    ) -> None:
        self._connection, self._alone, self._calls = connection, alone, calls
        self._patience_s = batching.patience_s
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.outbox = Outbox(batching, self._ring)

    def renew(self) -> None:
        """Forgets the events: in a process that was forked, they are the parent's."""
        self.outbox.renew()

    async def flush(self, timeout_s: float | None) -> None:
        """As `Flusher.flush`."""
        timeout_s = self._patience_s if timeout_s is None else timeout_s
        try:
            await asyncio.wait_for(asyncio.wrap_future(self.outbox.flushed()), timeout_s)
        except TimeoutError:
            raise not_in_time(self.outbox.waiting, timeout_s) from None
        if (unsent := self.outbox.hand_back(all_of_them=False)) is not None:
            raise unsent

    async def close(self, timeout_s: float | None) -> Unsent | None:
        """As `Flusher.close`."""
        timeout_s = self._patience_s if timeout_s is None else timeout_s
        self.outbox.close(timeout_s)
        if (task := self._task) is not None:
            if task.done():  # with the event loop that it belonged to
                await asyncio.to_thread(self._send_rest)
            else:
                await asyncio.wait({task}, timeout=timeout_s)
                task.cancel()
                await asyncio.wait({task})
            atexit.unregister(self._at_exit)
        return self.outbox.hand_back(all_of_them=True)

    def _ring(self) -> None:
        self._bell.set()
        if self._task is None and self.outbox.waiting:
            self._task = asyncio.create_task(self._run(), name="tamesu-flusher")
            atexit.register(self._at_exit)

    async def _run(self) -> None:
        try:
            await self._connection.perform(flushing(self.outbox, self._calls), self._idle)
        except Exception:  # noqa: BLE001 - logged; nothing is lost by it
            self._task = None
            _log.exception(CRASHED)

    async def _idle(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()

    def _at_exit(self) -> None:
        self.outbox.close(self._patience_s)
        self._send_rest()
        tell_unclosed(self.outbox.hand_back(all_of_them=True))

    def _send_rest(self) -> None:
        """Sends what is left of a closed outbox without an event loop: its own is no more."""
        work = flushing(self.outbox, self._calls)
        with closing(self._alone()) as connection:
            connection.perform(work, lambda seconds: time.sleep(seconds or 0.0))
