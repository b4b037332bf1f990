"""`Connection`: takes the steps of exchanges with a server, and waits where they say so.

Refuses to decide anything: what to ask, how often and how long is the exchange's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

from tamesu.client.address import Address, authorized
from tamesu.client.exchange import Answer, Exchange, Pause, Try, Unanswered
from tamesu.client.outbox import closed

T = TypeVar("T")

JSON = ("content-type", "application/json")
UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""What the network says when nothing was sent."""


def sent_with(step: Try) -> list[tuple[str, str]]:
    """The headers of a request."""
    return [*step.headers, *([] if step.content is None else [JSON])]


class Connection:
    """Kept-alive connections to one server. Safe from several threads.

    Args:
        address: where it is.
        key: of the caller.
    """

    def __init__(self, address: Address, key: str | None = None) -> None:
        self._address = address
        self._headers = authorized(key)
        self._is_open = True
        self.reopen()

    def reopen(self) -> None:
        """Leaves the connections to whoever else has them: the parent of a fork."""
        self._http = httpx2.Client(
            trust_env=not self._address.is_nearby, timeout=None, headers=self._headers
        )

    def close(self) -> None:
        """Lets go of the connections."""
        self._is_open = False
        self._http.close()

    def perform(
        self, exchange: Exchange[T], idle: Callable[[float | None], object] | None = None
    ) -> T:
        """What `exchange` comes to.

        Args:
            exchange: what to do.
            idle: waits so many seconds, or until there is something to do; only where it may idle.

        Raises:
            InvalidInput: the connection is closed.
            TamesuError: whatever the exchange raises.
        """
        outcome: Answer | Unanswered | None = None
        try:
            while True:
                step = exchange.send(outcome)
                outcome = None
                if isinstance(step, Try):
                    outcome = self._try(step)
                elif isinstance(step, Pause):
                    time.sleep(step.seconds)
                elif idle is not None:
                    idle(step.seconds)
        except StopIteration as end:
            told: T = end.value
            return told
        finally:
            exchange.close()

    def is_ready(self, timeout_s: float) -> bool:
        """Whether the server is there and ready; asks once."""
        outcome = self._try(Try("GET", "/health/ready", None, timeout_s))
        return isinstance(outcome, Answer) and outcome.status == httpx2.codes.OK

    def _try(self, step: Try) -> Answer | Unanswered:
        if not self._is_open:
            raise closed()
        url = self._address.url
        end = time.monotonic() + step.timeout_s
        try:
            with self._http.stream(
                step.method,
                url + step.path,
                content=step.content,
                headers=sent_with(step),
                timeout=step.timeout_s,
            ) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if time.monotonic() > end:
                        raise httpx2.ReadTimeout("the answer comes too slowly")
                return Answer(response.status_code, body, response.headers.get("retry-after"))
        except httpx2.RequestError as error:
            return Unanswered(error, url, not isinstance(error, UNSENT))
