"""The paths of records that were set aside, a thin translation. Refuses to hold any rule of its own."""

from __future__ import annotations

from starlette.types import Scope

from tamesu.serve.core import Service
from tamesu.serve.core.asides import DEFAULT
from tamesu.serve.core.wire import write
from tamesu.serve.http.query import number, parameters
from tamesu.serve.http.resource import Answer


class AsidePaths:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def of_bandit(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/asides."""
        name = scope["path_params"]["name"]
        await self._service.catalogue.look(name)
        return await self._page(scope, name)

    async def of_all(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/asides: of every bandit, of deleted ones, and of those that cannot be named."""
        return await self._page(scope, None)

    async def _page(self, scope: Scope, bandit: str | None) -> Answer:
        said = parameters(scope["query_string"], "why", "limit", "after")
        limit = number(said, "limit")
        page = await self._service.asides.page(
            bandit,
            why=said.get("why"),
            limit=DEFAULT if limit is None else limit,
            after=said.get("after"),
        )
        return Answer(write(page))
