"""Which scope a path needs. Refuses to leave a path out: what is not said here needs `admin`."""

from __future__ import annotations

from tamesu.base import Scope

OPEN = frozenset({"/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/{file}"})
"""Paths that tell nothing of an installation's data, and answer everybody."""

_SCOPES = {
    "/v1/bandits/{name}/decisions": Scope.DECIDE,
    "/v1/bandits/{name}/decisions/batch": Scope.DECIDE,
    "/bench/nothing": Scope.DECIDE,
    "/v1/events": Scope.TRACK,
    "/metrics": Scope.METRICS,
}


def scope_of(path: str) -> Scope | None:
    """The scope that a caller of the route `path` needs; none where everybody may call."""
    return None if path in OPEN else _SCOPES.get(path, Scope.ADMIN)
