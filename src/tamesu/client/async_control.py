"""`AsyncControl`: the words of `Control`, awaited. Refuses to mean anything else by them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tamesu.client.control_calls import ControlCalls
from tamesu.client.exchange import Exchange

T = TypeVar("T")


class AsyncControl:
    """What an `AsyncClient` does beside its two calls; arguments and errors are `Control`'s."""

    def __init__(self, calls: ControlCalls) -> None:
        self._control = calls

    @abstractmethod
    async def _perform(self, exchange: Exchange[T]) -> T:
        """What `exchange` comes to."""

    async def create(self, declaration: Mapping[str, Any] | str | Path) -> dict[str, Any]:
        """As `Control.create`."""
        return await self._perform(self._control.create(declaration))

    async def bandits(self) -> list[dict[str, Any]]:
        """As `Control.bandits`."""
        return await self._perform(self._control.bandits())

    async def bandit(self, name: str) -> dict[str, Any]:
        """As `Control.bandit`."""
        return await self._perform(self._control.bandit(name))

    async def conservation(self, name: str) -> dict[str, Any]:
        """As `Control.conservation`."""
        return await self._perform(self._control.bandit(name, "/conservation"))

    async def report(self, name: str, period: str | None = None) -> dict[str, Any]:
        """As `Control.report`."""
        return await self._perform(self._control.report(name, period))

    async def convergence(
        self,
        name: str,
        *,
        window: str | None = None,
        windows: int | None = None,
        size: int | None = None,
    ) -> dict[str, Any]:
        """As `Control.convergence`."""
        return await self._perform(self._control.convergence(name, window, windows, size))

    async def explain(self, decision_id: str) -> dict[str, Any]:
        """As `Control.explain`."""
        return await self._perform(self._control.explain(decision_id))

    async def update(
        self, declaration: Mapping[str, Any] | str | Path, number: int, *, warm: bool = False
    ) -> dict[str, Any]:
        """As `Control.update`."""
        return await self._perform(self._control.update(declaration, number, warm=warm))

    async def freeze(self, name: str) -> dict[str, Any]:
        """As `Control.freeze`."""
        return await self._perform(self._control.freeze(name))

    async def resume(self, name: str) -> dict[str, Any]:
        """As `Control.resume`."""
        return await self._perform(self._control.resume(name))

    async def rollback(self, name: str, version: int) -> dict[str, Any]:
        """As `Control.rollback`."""
        return await self._perform(self._control.rollback(name, version))

    async def delete(self, name: str) -> dict[str, Any]:
        """As `Control.delete`."""
        return await self._perform(self._control.delete(name))

    async def snapshots(
        self, name: str, limit: int = 100, before: int | None = None
    ) -> dict[str, Any]:
        """As `Control.snapshots`."""
        return await self._perform(self._control.snapshots(name, limit, before))

    async def snapshot(self, name: str, version: int) -> dict[str, Any]:
        """As `Control.snapshot`."""
        return await self._perform(self._control.snapshot(name, version))

    async def pin(self, name: str, version: int) -> dict[str, Any]:
        """As `Control.pin`."""
        return await self._perform(self._control.pin(name, version, pinned=True))

    async def unpin(self, name: str, version: int) -> dict[str, Any]:
        """As `Control.unpin`."""
        return await self._perform(self._control.pin(name, version, pinned=False))

    async def put_features(
        self, key: str, features: Mapping[str, Any], entity: str = "unit"
    ) -> dict[str, Any]:
        """As `Control.put_features`."""
        return await self._perform(self._control.put_features(entity, key, features))

    async def features(self, key: str, entity: str = "unit") -> dict[str, Any]:
        """As `Control.features`."""
        return await self._perform(self._control.features(entity, key))

    async def delete_features(self, key: str, entity: str = "unit") -> bool:
        """As `Control.delete_features`."""
        return await self._perform(self._control.delete_features(entity, key))

    async def arms(self, name: str) -> dict[str, Any]:
        """As `Control.arms`."""
        return await self._perform(self._control.bandit(name, "/arms"))

    async def add_arm(
        self,
        name: str,
        arm: str,
        metadata: Mapping[str, Any] | None = None,
        features: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """As `Control.add_arm`."""
        return await self._perform(self._control.add_arm(name, arm, metadata, features))

    async def retire_arm(self, name: str, arm: str) -> dict[str, Any]:
        """As `Control.retire_arm`."""
        return await self._perform(self._control.change_arms(name, retire=[arm]))

    async def change_arms(
        self,
        name: str,
        add: Iterable[str | Mapping[str, Any]] | None = None,
        retire: Iterable[str] | None = None,
        roster: int | None = None,
        source: str = "",
    ) -> dict[str, Any]:
        """As `Control.change_arms`."""
        return await self._perform(self._control.change_arms(name, add, retire, roster, source))

    async def sync_arms(
        self, name: str, arms: Iterable[str | Mapping[str, Any]], *, force: bool = False
    ) -> dict[str, Any]:
        """As `Control.sync_arms`."""
        return await self._perform(self._control.sync_arms(name, arms, force=force))

    async def command(self, number: int) -> dict[str, Any]:
        """As `Control.command`."""
        return await self._perform(self._control.command(number))
