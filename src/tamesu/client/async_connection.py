"""`AsyncConnection`: takes the steps of exchanges with a server, as tasks of one event loop.

Refuses to decide anything, as `Connection` does, and to serve two event loops: sockets belong to one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2

from tamesu.base import InvalidInput
from tamesu.client.address import Address, authorized
from tamesu.client.connection import UNSENT, sent_with
from tamesu.client.exchange import Answer, Exchange, Pause, Try, Unanswered
from tamesu.client.outbox import closed

T = TypeVar("T")


class AsyncConnection:
    """Kept-alive connections to one server, for the tasks of one event loop.

    Args:
        address: where it is.
        key: of the caller.
    """

    def __init__(self, address: Address, key: str | None = None) -> None:
        self._address = address
        self._headers = authorized(key)
        self._http: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_open = True

    def bind(self) -> None:
        """Belongs to the event loop that runs now, if it belongs to none.

        Raises:
            InvalidInput: it belongs to another, none runs, or it is closed.
        """
        if not self._is_open:
            raise closed()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise _elsewhere("none") from None
        if self._loop is None:
            self._loop = loop
            self._http = httpx2.AsyncClient(
                trust_env=not self._address.is_nearby, timeout=None, headers=self._headers
            )
        elif self._loop is not loop:
            raise _elsewhere("another")

    async def close(self) -> None:
        """Lets go of the connections."""
        self._is_open = False
        if self._http is not None and self._loop is asyncio.get_running_loop():
            await self._http.aclose()  # of another loop nothing is left to close

    async def perform(
        self,
        exchange: Exchange[T],
        idle: Callable[[float | None], Awaitable[object]] | None = None,
    ) -> T:
        """What `exchange` comes to.

        Args:
            exchange: what to do.
            idle: waits so many seconds, or until there is something to do; only where it may idle.

        Raises:
            InvalidInput: the connection is closed, or belongs to another event loop.
            TamesuError: whatever the exchange raises.
        """
        outcome: Answer | Unanswered | None = None
        try:
            while True:
                step = exchange.send(outcome)
                outcome = None
                if isinstance(step, Try):
                    outcome = await self._try(step)
                elif isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                elif idle is not None:
                    await idle(step.seconds)
        except StopIteration as end:
            told: T = end.value
            return told
        finally:
            exchange.close()

    async def is_ready(self, timeout_s: float) -> bool:
        """Whether the server is there and ready; asks once."""
        outcome = await self._try(Try("GET", "/health/ready", None, timeout_s))
        return isinstance(outcome, Answer) and outcome.status == httpx2.codes.OK

    async def _try(self, step: Try) -> Answer | Unanswered:
        self.bind()
        if self._http is None:
            raise closed()
        url = self._address.url
        try:
            async with asyncio.timeout(step.timeout_s):
                response = await self._http.request(
                    step.method,
                    url + step.path,
                    content=step.content,
                    headers=sent_with(step),
                )
        except (httpx2.RequestError, TimeoutError) as error:
            return Unanswered(error, url, not isinstance(error, UNSENT))
        return Answer(response.status_code, response.content, response.headers.get("retry-after"))


def _elsewhere(got: str) -> InvalidInput:
    return InvalidInput(
        f"an AsyncClient must be used within one event loop, its first, got {got}",
        hint="make one inside the coroutine that uses it: async with AsyncClient(url) as t",
    )
