"""How a bandit is doing, over HTTP: its report, and how fast its ranking moves.

Refuses to hold any rule of its own: what is said and what it means is the core's.
"""

from __future__ import annotations

from starlette.types import Scope

from tamesu.base.times import Duration
from tamesu.serve.core import Service
from tamesu.serve.core.convergence import DEFAULT
from tamesu.serve.core.wire import write
from tamesu.serve.http.query import number, parameters
from tamesu.serve.http.resource import Answer


class ReportPaths:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def report(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/report."""
        said = parameters(scope["query_string"], "period")
        period = Duration.parse(said["period"]) if "period" in said else None
        told = await self._service.reporter.report(scope["path_params"]["name"], period)
        return Answer(write(told))

    async def convergence(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/convergence."""
        said = parameters(scope["query_string"], "window", "windows", "size")
        windows = number(said, "windows")
        told = await self._service.convergence.convergence(
            scope["path_params"]["name"],
            window=Duration.parse(said["window"]) if "window" in said else None,
            windows=DEFAULT if windows is None else windows,
            size=number(said, "size"),
        )
        return Answer(write(told))
