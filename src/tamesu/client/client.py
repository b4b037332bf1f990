"""`Client`: two calls, and the few that set them up.

```python
with Client("http://localhost:8000") as t:
    d = t.decide("home-units")
    t.track(d, "impression")
    t.track(d[0], "click")
```

Whatever is sent carries its id from the first try on, so that a retry never counts twice. Refuses to
retry for longer than `timeout`, and to hide an error: a server's problem is raised as the error it
was, and an event that could not be delivered is handed back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from tamesu.base import Time
from tamesu.client.address import Address, timeout_of
from tamesu.client.batching import Batching
from tamesu.client.calls import Calls
from tamesu.client.connection import Connection
from tamesu.client.control import Control
from tamesu.client.control_calls import ControlCalls
from tamesu.client.decided import Decided, Delivered
from tamesu.client.exchange import Exchange
from tamesu.client.flusher import Flusher
from tamesu.client.forks import renewed_by_forks
from tamesu.client.outbound import events_of
from tamesu.client.tracked import Tracked

T = TypeVar("T")


class Client(Control):
    """A connection to a server. Safe from several threads.

    After a fork the child's client has connections of its own and no events: those that waited are
    the parent's, which sends them.

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
        self._connection = Connection(Address.parse(url), key)
        self._flusher = Flusher(self._connection, self._calls, Batching.of(batching))
        renewed_by_forks(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def renew(self) -> None:
        """Leaves connections and waiting events to the process that this one was forked from."""
        self._connection.reopen()
        self._flusher.renew()

    # Decide and track ---------------------------------------------------------------------------

    def decide(
        self,
        bandit: str,
        unit: str | None = None,
        context: Mapping[str, Any] | None = None,
        eligible: Sequence[str] | None = None,
        request_id: str | None = None,
    ) -> Decided:
        """One decision.

        Args:
            bandit: its name.
            unit: whom it is for.
            context: what is known, by name.
            eligible: arms that may be chosen, none for all.
            request_id: the same id gives the same decision for ten minutes; drawn if absent.

        Raises:
            TamesuError: what the server refused, or `Unavailable` after the last retry.
        """
        return self._perform(self._calls.decide(bandit, unit, context, eligible, request_id))

    def decide_many(
        self, bandit: str, requests: int | Iterable[Mapping[str, Any]]
    ) -> list[Decided]:
        """A decision for each request, in their order; a number asks for that many of no particulars.

        Up to a thousand go in one call; more are divided. The whole takes at most `timeout` a call.
        """
        return self._perform(self._calls.decide_many(bandit, requests))

    def track(
        self,
        subject: Decided | Delivered | str,
        type: str,  # noqa: A002 - the field's name
        value: float | None = None,
        time: datetime | Time | str | None = None,
        event_id: str | None = None,
    ) -> None:
        """Tells that something happened: one event per delivery of `subject`.

        Returns at once: a thread sends it with others, and tries again until it is acknowledged.
        `flush` waits for that; `close` does too, and hands back what could not be delivered.

        Args:
            subject: a decision, one of its deliveries, or a delivery id.
            type: such as `impression` or `click`.
            value: none counts as 1.
            time: when, if not now; with a zone.
            event_id: the same id counts once; drawn if absent. For a decision of several deliveries
                each gets it with its position behind.

        Raises:
            InvalidInput: what no server would take; or the client is closed.
            Backpressure: too many events wait; none of these was taken.
        """
        self._flusher.outbox.put(events_of(subject, type, value, time, event_id))

    def track_many(self, events: Iterable[Mapping[str, Any]], *, partial: bool = False) -> Tracked:
        """Sends events now, up to a thousand in one call, and says what became of them.

        Args:
            events: mappings with `delivery_id`, `type` and optionally `value`, `time`, `event_id`.
            partial: take the good ones of a call that has bad ones too; else a call is taken or
                refused as a whole.

        Raises:
            TamesuError: what the server refused, or `Unavailable`. Where there were several calls,
                its fact `acknowledged` says how many events those before took or named.
        """
        return self._perform(self._calls.track_many(events, partial=partial))

    @property
    def waiting(self) -> int:
        """How many tracked events are not acknowledged."""
        return self._flusher.outbox.waiting

    def flush(self, timeout: float | None = None) -> None:
        """Waits until every event tracked before is acknowledged.

        Args:
            timeout: longest wait in seconds; `patience_s` of the batching if absent.

        Raises:
            Unavailable: some are not in time; they stay here and go on being tried.
            Unsent: some were refused for good; they are handed back, and no longer here.
        """
        self._flusher.flush(timeout)

    def close(self, timeout: float | None = None) -> None:
        """Sends what waits, and lets go of the connections. A second time it does nothing.

        Args:
            timeout: longest wait in seconds; `patience_s` of the batching if absent.

        Raises:
            Unsent: with the events that were refused, or not acknowledged in time.
        """
        unsent = self._flusher.close(timeout)
        self._connection.close()
        if unsent is not None:
            raise unsent

    def ready(self) -> bool:
        """Whether the server is there and ready; asks once."""
        return self._connection.is_ready(self._timeout_s)

    def _perform(self, exchange: Exchange[T]) -> T:
        return self._connection.perform(exchange)
