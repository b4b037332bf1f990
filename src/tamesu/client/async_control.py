"""`AsyncControl`: the words of `Control`, awaited. Refuses to mean anything else by them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tamesu.client.calls import Calls
from tamesu.client.exchange import Exchange

T = TypeVar("T")


class AsyncControl:
    """What an `AsyncClient` does beside its two calls; arguments and errors are `Control`'s."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @abstractmethod
    async def _perform(self, exchange: Exchange[T]) -> T:
        """What `exchange` comes to."""

    async def create(self, declaration: Mapping[str, Any] | str | Path) -> dict[str, Any]:
        """As `Control.create`."""
        return await self._perform(self._calls.create(declaration))

    async def bandits(self) -> list[dict[str, Any]]:
        """As `Control.bandits`."""
        return await self._perform(self._calls.bandits())

    async def bandit(self, name: str) -> dict[str, Any]:
        """As `Control.bandit`."""
        return await self._perform(self._calls.bandit(name))

    async def conservation(self, name: str) -> dict[str, Any]:
        """As `Control.conservation`."""
        return await self._perform(self._calls.bandit(name, "/conservation"))

    async def report(self, name: str) -> dict[str, Any]:
        """As `Control.report`."""
        return await self._perform(self._calls.bandit(name, "/report"))

    async def explain(self, decision_id: str) -> dict[str, Any]:
        """As `Control.explain`."""
        return await self._perform(self._calls.explain(decision_id))

    async def arms(self, name: str) -> dict[str, Any]:
        """As `Control.arms`."""
        return await self._perform(self._calls.bandit(name, "/arms"))

    async def add_arm(
        self, name: str, arm: str, metadata: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As `Control.add_arm`."""
        return await self._perform(self._calls.add_arm(name, arm, metadata))

    async def retire_arm(self, name: str, arm: str) -> dict[str, Any]:
        """As `Control.retire_arm`."""
        return await self._perform(self._calls.change_arms(name, retire=[arm]))

    async def change_arms(
        self,
        name: str,
        add: Iterable[str | Mapping[str, Any]] | None = None,
        retire: Iterable[str] | None = None,
    ) -> dict[str, Any]:
        """As `Control.change_arms`."""
        return await self._perform(self._calls.change_arms(name, add, retire))

    async def sync_arms(
        self, name: str, arms: Iterable[str | Mapping[str, Any]], *, force: bool = False
    ) -> dict[str, Any]:
        """As `Control.sync_arms`."""
        return await self._perform(self._calls.sync_arms(name, arms, force=force))

    async def command(self, number: int) -> dict[str, Any]:
        """As `Control.command`."""
        return await self._perform(self._calls.command(number))
