"""What is asked of a server in passing: decisions, events, explanations, probes; each a thin translation.

Refuses to hold any rule of its own: what may be asked and what it means is the core's.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.types import Scope

from tamesu.base import InvalidInput, TamesuError, convert
from tamesu.serve.core import (
    DecisionRequest,
    DecisionRequests,
    EventRequest,
    EventRequests,
    Service,
)
from tamesu.serve.core.bodies import Reader, read_json, refuse_repeated
from tamesu.serve.core.wire import write
from tamesu.serve.http.query import flag, parameters
from tamesu.serve.http.resource import Answer

_EMPTY = DecisionRequest()


class Paths:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._request = Reader(DecisionRequest, "the request")
        self._requests = Reader(DecisionRequests, "the body")
        self._events = msgspec.json.Decoder(EventRequests).decode

    async def decide(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/decisions; an empty body asks for nothing in particular."""
        request = self._request(body) if body else _EMPTY
        answer = await self._service.decider.decide(scope["path_params"]["name"], request)
        return Answer(write(answer))

    async def decide_many(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/decisions/batch."""
        requests = self._requests(body).requests
        answers = await self._service.decider.decide_many(scope["path_params"]["name"], requests)
        return Answer(write({"decisions": answers}))

    async def track(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/events."""
        partial = flag(parameters(scope["query_string"], "partial"), "partial")
        tracked = await self._service.tracker.track(self._read_events(body), partial=partial)
        return Answer(write(tracked), 202 if tracked.accepted else 200)

    async def explain(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/decisions/{id}."""
        return Answer(write(await self._service.explainer.explain(scope["path_params"]["id"])))

    async def live(self, _: Scope, __: bytes) -> Answer:
        """GET /health/live."""
        return Answer(b'{"live":true}')

    async def ready(self, _: Scope, __: bytes) -> Answer:
        """GET /health/ready."""
        readiness = self._service.health.readiness()
        return Answer(write(readiness), 200 if readiness.ready else 503)

    async def metrics(self, _: Scope, __: bytes) -> Answer:
        """GET /metrics."""
        media_type, body = await self._service.expose()
        return Answer(body, media_type=media_type.encode())

    async def nothing(self, _: Scope, body: bytes) -> Answer:
        """POST /bench/nothing: reads a request, answers JSON, does nothing; for the benchmark."""
        request = self._request(body) if body else _EMPTY
        return Answer(write({"request_id": request.request_id, "deliveries": []}))

    def _read_events(self, body: bytes) -> list[EventRequest | TamesuError]:
        try:
            read = self._events(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _each_event(read_json(body))
        refuse_repeated(body, read.colons)
        return list(read.events)


def _each_event(data: Any) -> list[EventRequest | TamesuError]:
    """Every member of a batch that does not read as a whole: an event, or what is wrong with it."""
    if (
        not isinstance(data, dict)
        or set(data) != {"events"}
        or not isinstance(data["events"], list)
    ):
        convert(data, EventRequests, "the body", InvalidInput)
    members: list[EventRequest | TamesuError] = []
    for index, member in enumerate(data["events"]):
        try:
            members.append(convert(member, EventRequest, f"events[{index}]", InvalidInput))
        except TamesuError as error:
            members.append(error)
    return members
