"""`AsyncClient`: the words of `Client`, for programs that await.

```python
async with AsyncClient("http://localhost:8000") as t:
    d = await t.decide("home-units")
    t.track(d, "impression")
    t.track(d[0], "click")
```

What waits for a server is awaited; `track`, which does not wait, is not. Refuses to mean anything by
these words that `Client` does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from tamesu.base import Time
from tamesu.client.address import Address, timeout_of
from tamesu.client.async_connection import AsyncConnection
from tamesu.client.async_control import AsyncControl
from tamesu.client.async_flusher import AsyncFlusher
from tamesu.client.batching import Batching
from tamesu.client.calls import Calls
from tamesu.client.connection import Connection
from tamesu.client.control_calls import ControlCalls
from tamesu.client.decided import Decided, Delivered
from tamesu.client.exchange import Exchange
from tamesu.client.forks import renewed_by_forks
from tamesu.client.outbound import events_of
from tamesu.client.tracked import Tracked

T = TypeVar("T")


class AsyncClient(AsyncControl):
    """A connection to a server, for the tasks of one event loop.

    Arguments, answers and errors are those of `Client`. A forked process needs one of its own; what
    waited in this one is the parent's, which sends it.

    Args:
        url: where the server is, as in `http://localhost:8000`.
        timeout: seconds that one call may take in all, retries included.
        key: the secret by which the server knows us, as `tamesu keys add` printed it; without one
            that of the variable TAMESU_KEY, and none if that is not set.
        batching: when tracked events are sent, and how many may wait.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 10.0,
        *,
        key: str | None = None,
        batching: Batching | None = None,
    ) -> None:
        super().__init__(ControlCalls(timeout_of(timeout)))
        self._calls = Calls(timeout)
        self._timeout_s = timeout
        address = Address.parse(url)
        self._connection = AsyncConnection(address, key)
        self._flusher = AsyncFlusher(
            self._connection, partial(Connection, address, key), self._calls, Batching.of(batching)
        )
        renewed_by_forks(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def renew(self) -> None:
        """Leaves waiting events to the process that this one was forked from."""
        self._flusher.renew()

    async def decide(
        self,
        bandit: str,
        unit: str | None = None,
        context: Mapping[str, Any] | None = None,
        eligible: Sequence[str] | None = None,
        request_id: str | None = None,
    ) -> Decided:
        """As `Client.decide`."""
        asked = self._calls.decide(bandit, unit, context, eligible, request_id)
        return await self._perform(asked)

    async def decide_many(
        self, bandit: str, requests: int | Iterable[Mapping[str, Any]]
    ) -> list[Decided]:
        """As `Client.decide_many`."""
        return await self._perform(self._calls.decide_many(bandit, requests))

    def track(
        self,
        subject: Decided | Delivered | str,
        type: str,  # noqa: A002 - the field's name
        value: float | None = None,
        time: datetime | Time | str | None = None,
        event_id: str | None = None,
    ) -> None:
        """As `Client.track`: not awaited, a task sends it."""
        events = events_of(subject, type, value, time, event_id)
        self._connection.bind()
        self._flusher.outbox.put(events)

    async def track_many(
        self, events: Iterable[Mapping[str, Any]], *, partial: bool = False
    ) -> Tracked:
        """As `Client.track_many`."""
        return await self._perform(self._calls.track_many(events, partial=partial))

    @property
    def waiting(self) -> int:
        """How many tracked events are not acknowledged."""
        return self._flusher.outbox.waiting

    async def flush(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - it is the deadline of many tries, not of a task
        """As `Client.flush`."""
        await self._flusher.flush(timeout)

    async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same
        """As `Client.close`."""
        unsent = await self._flusher.close(timeout)
        await self._connection.close()
        if unsent is not None:
            raise unsent

    async def ready(self) -> bool:
        """As `Client.ready`."""
        return await self._connection.is_ready(self._timeout_s)

    async def _perform(self, exchange: Exchange[T]) -> T:
        return await self._connection.perform(exchange)
