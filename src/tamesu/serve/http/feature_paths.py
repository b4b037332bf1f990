"""The paths of `/v1/features`, each a thin translation of the core. Refuses to hold any rule of its own."""

from __future__ import annotations

from starlette.types import Scope

from tamesu.serve.core import Service
from tamesu.serve.core.bodies import read_json
from tamesu.serve.core.wire import write
from tamesu.serve.http.query import path_end
from tamesu.serve.http.resource import Answer


class FeaturePaths:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def put(self, scope: Scope, body: bytes) -> Answer:
        """PUT /v1/features/{entity}/{key}."""
        entity, key = _named(scope)
        return Answer(write(await self._service.units.put(entity, key, read_json(body))))

    async def find(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/features/{entity}/{key}."""
        return Answer(write(await self._service.units.find(*_named(scope))))

    async def delete(self, scope: Scope, _: bytes) -> Answer:
        """DELETE /v1/features/{entity}/{key}."""
        return Answer(write(await self._service.units.delete(*_named(scope))))


def _named(scope: Scope) -> tuple[str, str]:
    """Entity and key; the key is all that follows, as it was sent."""
    return scope["path_params"]["entity"], path_end(scope, 4, "the key of features")
