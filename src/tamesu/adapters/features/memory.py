"""Features in memory: for tests and for one process. Refuses to outlive it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class MemoryFeatures:
    """JSON bytes in a dict: who holds what was found cannot change what is kept. Durability: none."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def put(self, entity: str, key: str, features: Mapping[str, Any]) -> None:
        """Keeps `features`; see `tamesu.ports.Features.put`."""
        self._kept[entity, key] = msgspec.json.encode(features)

    def find(self, entity: str, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """What is kept of each; see `tamesu.ports.Features.find`."""
        found = [self._kept.get((entity, key)) for key in keys]
        return [None if body is None else msgspec.json.decode(body) for body in found]

    def delete(self, entity: str, key: str) -> bool:
        """Forgets one; see `tamesu.ports.Features.delete`."""
        return self._kept.pop((entity, key), None) is not None

    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not self._kept

    def close(self) -> None:
        """Nothing to let go of."""
