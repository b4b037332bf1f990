"""The paths of `/v1`, each a thin translation of the core.

Refuses to hold any rule of its own: what may be asked and what it means is the core's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from tamesu.base import InvalidInput, TamesuError, convert
from tamesu.serve.core import (
    DecisionRequest,
    DecisionRequests,
    EventRequest,
    EventRequests,
    Service,
)
from tamesu.serve.core.wire import Reader, read_json, write
from tamesu.serve.http.resource import (
    MAX_ARMS_BODY,
    MAX_BODY,
    Answer,
    Handler,
    Missing,
    Resource,
)

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
        partial = _flag(scope["query_string"], "partial")
        tracked = await self._service.tracker.track(self._read_events(body), partial=partial)
        return Answer(write(tracked), 202 if tracked.accepted else 200)

    async def explain(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/decisions/{id}."""
        return Answer(write(await self._service.explainer.explain(scope["path_params"]["id"])))

    async def create(self, _: Scope, body: bytes) -> Answer:
        """POST /v1/bandits."""
        created = await self._service.control.create(await asyncio.to_thread(read_json, body))
        location = (b"location", f"/v1/bandits/{created['name']}".encode())
        return Answer(write(created), 201, headers=(location,))

    async def bandits(self, _: Scope, __: bytes) -> Answer:
        """GET /v1/bandits."""
        return Answer(write({"bandits": await self._service.control.bandits()}))

    async def bandit(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}."""
        return Answer(write(await self._service.control.bandit(scope["path_params"]["name"])))

    async def conservation(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/conservation."""
        name = scope["path_params"]["name"]
        return Answer(write(await self._service.control.conservation(name)))

    async def snapshots(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/snapshots."""
        return Answer(write(await self._service.control.snapshots(scope["path_params"]["name"])))

    async def report(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/report."""
        return Answer(write(await self._service.control.report(scope["path_params"]["name"])))

    async def arms(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/arms."""
        return Answer(write(await self._service.arms.all(scope["path_params"]["name"])))

    async def change_arms(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/arms."""
        data = await asyncio.to_thread(read_json, body)
        return _commanded(await self._service.arms.change(scope["path_params"]["name"], data))

    async def put_arm(self, scope: Scope, body: bytes) -> Answer:
        """PUT /v1/bandits/{name}/arms/{arm}; an empty body says nothing of its metadata."""
        data = read_json(body) if body else {}
        name = scope["path_params"]["name"]
        return _commanded(await self._service.arms.put(name, _arm(scope), data))

    async def retire_arm(self, scope: Scope, _: bytes) -> Answer:
        """DELETE /v1/bandits/{name}/arms/{arm}."""
        name = scope["path_params"]["name"]
        return _commanded(await self._service.arms.retire(name, _arm(scope)))

    async def command(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/commands/{command}."""
        number = scope["path_params"]["command"]
        return Answer(write(await self._service.commands.find(number)))

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
            return list(self._events(body).events)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _each_event(read_json(body))


def application(service: Service, *, bench: bool = False) -> ASGIApp:
    """The ASGI application in front of `service`.

    Args:
        service: started by whoever runs it.
        bench: with the path that does nothing, to measure the others against.
    """
    paths = Paths(service)
    meter = service.meter
    bandit = "/v1/bandits/{name}"
    resources: dict[str, dict[str, Handler]] = {
        f"{bandit}/decisions": {"POST": paths.decide},
        "/v1/events": {"POST": paths.track},
        f"{bandit}/decisions/batch": {"POST": paths.decide_many},
        "/v1/decisions/{id}": {"GET": paths.explain},
        "/v1/bandits": {"GET": paths.bandits, "POST": paths.create},
        bandit: {"GET": paths.bandit},
        f"{bandit}/arms": {"GET": paths.arms, "POST": paths.change_arms},
        f"{bandit}/arms/{{arm:path}}": {"PUT": paths.put_arm, "DELETE": paths.retire_arm},
        "/v1/commands/{command:int}": {"GET": paths.command},
        f"{bandit}/conservation": {"GET": paths.conservation},
        f"{bandit}/snapshots": {"GET": paths.snapshots},
        f"{bandit}/report": {"GET": paths.report},
        "/health/live": {"GET": paths.live},
        "/health/ready": {"GET": paths.ready},
        "/metrics": {"GET": paths.metrics},
    }
    if bench:
        resources["/bench/nothing"] = {"POST": paths.nothing}
    return Router(
        routes=[
            Route(path, Resource(methods, meter, most=most_bytes(path)))
            for path, methods in resources.items()
        ],
        redirect_slashes=False,
        default=Missing(meter),
    )


def most_bytes(path: str) -> int:
    """The most bytes of a body sent to `path`: those that list a bandit's arms may be long."""
    return MAX_ARMS_BODY if path in ("/v1/bandits", "/v1/bandits/{name}/arms") else MAX_BODY


def _commanded(said: Mapping[str, Any]) -> Answer:
    """What became of a command: 202 and where to look while it waits for the trainer."""
    if said["status"] != "pending":
        return Answer(write(said))
    location = (b"location", b"/v1/commands/%d" % said["command"])
    return Answer(write(said), 202, headers=(location,))


def _arm(scope: Scope) -> str:
    """The id of an arm that a path ends with, as it was sent.

    A route would take `red%0A` for `red`, and bytes that are no UTF-8 for other letters.

    Raises:
        InvalidInput: it is no UTF-8.
    """
    sent: bytes = scope["raw_path"]
    try:
        path = unquote_to_bytes(sent).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"an arm id in a path must be UTF-8, percent-encoded, got {sent[-80:].decode('latin-1')!r}"
        ) from error
    return path.split("/", 5)[-1]


def _flag(query: bytes, name: str) -> bool:
    """A flag of the query: absent or `false`, or `true`.

    Raises:
        InvalidInput: another parameter, or another value.
    """
    if not query:
        return False
    key, _, value = query.decode("latin-1").partition("=")
    if key != name:
        raise InvalidInput.unknown_field(key[:80], [name], "the query")
    if value not in ("true", "false"):
        raise InvalidInput(f"{name} must be true or false, got {value[:80]!r}", field=name)
    return value == "true"


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
