"""The paths of `/v1` and what answers there, put together. Refuses to answer anything itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tamesu.serve.core import Service
from tamesu.serve.http.aside_paths import AsidePaths
from tamesu.serve.http.control_paths import ControlPaths
from tamesu.serve.http.feature_paths import FeaturePaths
from tamesu.serve.http.guard import Guard
from tamesu.serve.http.page_paths import PagePaths
from tamesu.serve.http.paths import Paths
from tamesu.serve.http.report_paths import ReportPaths
from tamesu.serve.http.resource import MAX_ARMS_BODY, MAX_BODY, Handler, Missing, Resource
from tamesu.serve.http.scopes import scope_of

_SLASH = re.compile(b"%2f", re.IGNORECASE)


def application(service: Service, guard: Guard | None = None, *, bench: bool = False) -> ASGIApp:
    """The ASGI application in front of `service`.

    Args:
        service: started by whoever runs it.
        guard: who may call; without one everybody on this machine.
        bench: with the path that does nothing, to measure the others against.
    """
    paths, control, features = Paths(service), ControlPaths(service), FeaturePaths(service)
    asides, reports, meter = AsidePaths(service), ReportPaths(service), service.meter
    bandit, pages = "/v1/bandits/{name}", PagePaths()
    resources: dict[str, dict[str, Handler]] = {
        f"{bandit}/decisions": {"POST": paths.decide},
        "/v1/events": {"POST": paths.track},
        f"{bandit}/decisions/batch": {"POST": paths.decide_many},
        "/v1/decisions/{id}": {"GET": paths.explain},
        "/v1/bandits": {"GET": control.bandits, "POST": control.create},
        bandit: {"GET": control.bandit, "PUT": control.update, "DELETE": control.delete},
        f"{bandit}/freeze": {"POST": control.freeze},
        f"{bandit}/resume": {"POST": control.resume},
        f"{bandit}/rollback": {"POST": control.rollback},
        f"{bandit}/arms": {"GET": control.arms, "POST": control.change_arms},
        f"{bandit}/arms/{{arm:path}}": {"PUT": control.put_arm, "DELETE": control.retire_arm},
        "/v1/commands/{command:int}": {"GET": control.command},
        f"{bandit}/conservation": {"GET": control.conservation},
        f"{bandit}/snapshots": {"GET": control.snapshots},
        f"{bandit}/snapshots/{{version:int}}": {"GET": control.snapshot},
        f"{bandit}/snapshots/{{version:int}}/pin": {"PUT": control.pin, "DELETE": control.unpin},
        f"{bandit}/report": {"GET": reports.report},
        f"{bandit}/convergence": {"GET": reports.convergence},
        f"{bandit}/asides": {"GET": asides.of_bandit},
        "/v1/asides": {"GET": asides.of_all},
        "/v1/features/{entity}/{key:path}": {
            "GET": features.find,
            "PUT": features.put,
            "DELETE": features.delete,
        },
        "/health/live": {"GET": paths.live},
        "/health/ready": {"GET": paths.ready},
        "/metrics": {"GET": paths.metrics},
        "/openapi.json": {"GET": pages.openapi},
        "/docs": {"GET": pages.docs},
        "/docs/{file}": {"GET": pages.file},
    }
    if bench:
        resources["/bench/nothing"] = {"POST": paths.nothing}
    guard = guard or Guard()
    return _Paths(
        routes=[
            Route(path, Resource(methods, meter, most=most_bytes(path), admit=_door(path, guard)))
            for path, methods in resources.items()
        ],
        redirect_slashes=False,
        default=Missing(meter),
    )


def _door(path: str, guard: Guard) -> Callable[[Scope], object] | None:
    """What lets callers of `path` through, or raises; none where everybody may call."""
    needed = scope_of(path)
    return None if needed is None else partial(guard.admit, needed=needed)


class _Paths(Router):
    """Chooses a route by a path in which a slash that was sent encoded stays so."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(_unsplit(scope), receive, send)


def _unsplit(scope: Scope) -> Scope:
    """`scope` with a path in which a slash that was sent encoded stays so.

    It is part of a name: were it decoded before a route is chosen, to delete the bandit `a/arms/b` would
    be to retire an arm of `a`.
    """
    sent: bytes = scope.get("raw_path") or b""
    if b"%" not in sent or not _SLASH.search(sent):
        return scope
    return {**scope, "path": unquote(_SLASH.sub(b"%252F", sent).decode("latin-1"))}


def most_bytes(path: str) -> int:
    """The most bytes of a body sent to `path`: those that list a bandit's arms may be long."""
    long = ("/v1/bandits", "/v1/bandits/{name}", "/v1/bandits/{name}/arms")
    return MAX_ARMS_BODY if path in long else MAX_BODY
