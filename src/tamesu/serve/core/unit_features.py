"""`UnitFeatures`: what is known of a unit, looked up when a decision is made for it.

Off the event loop, all that wait in one look; where nothing is kept at all, which is polled, nothing
is looked up. A store of features that is down or slow costs a decision its features, counted, and
nothing else. Refuses to keep what it found: the next decision sees what was put meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from tamesu.base import NotFound, TamesuError
from tamesu.ports import Features, Meter
from tamesu.serve.core.feature_rules import check_key, read_features
from tamesu.serve.core.trace import trace
from tamesu.serve.core.unit_names import UnitNames

POLL_S = 0.5
"""How often it is asked whether anything is kept: so late may the first features be, on a server that
did not take them itself. After that a decision uses what was put before it."""

PATIENCE_S = 0.25
"""Longest wait of a decision for its unit's features; nobody waits behind a look that took so long."""

REST_S = 1.0
"""How long a store that failed is left alone."""

T = TypeVar("T")
_log = structlog.get_logger("tamesu.serve.features")


class UnitFeatures:
    """The features of units, for decisions and for people. `start` it on an event loop, `close` it there.

    Args:
        features: where they are kept.
        meter: takes `features_missed_total`.
        names: under which they are kept.
    """

    def __init__(self, features: Features, meter: Meter, names: UnitNames | None = None) -> None:
        self._names = names or UnitNames()
        self._features = features
        self._meter = meter
        # Threads of their own: neither a flood of puts nor whoever else waits for a disk is in the way.
        self._looker = ThreadPoolExecutor(1, "tamesu-features")
        self._keeper = ThreadPoolExecutor(1, "tamesu-features-kept")
        self._there = True
        self._rests_until = 0.0  # loop time, as the next
        self._overdue = math.inf
        self._asked: dict[str, asyncio.Future[dict[str, Any] | None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Asks whether anything is kept, from now on."""
        await self._poll()
        self._polling = asyncio.create_task(self._poll_on())

    async def close(self) -> None:
        """Asks no more."""
        for task in (self._polling, self._looking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._polling = self._looking = None
        for threads in (self._looker, self._keeper):
            threads.shutdown(wait=False)

    @property
    def there(self) -> bool:
        """Whether anything is kept, as of the last poll; yes where that is not known."""
        return self._there

    # For decisions ------------------------------------------------------------------------------

    async def of(self, bandit: str, units: Sequence[str | None]) -> list[dict[str, Any] | None]:
        """The features of each of `units`, by their names; none of all where they cannot be had.

        Empty for who has none, and where there is no unit.

        Never raises, and never takes much longer than `PATIENCE_S`.
        """
        wanted = {unit for unit in units if unit is not None}
        if not wanted:
            return [{} for _ in units]
        found = await self._look(wanted)
        if found is None:
            missed = sum(unit is not None for unit in units)
            self._meter.count("features_missed_total", missed, bandit=bandit)
            return [{} if unit is None else None for unit in units]
        return [{} if unit is None else found[unit] or {} for unit in units]

    async def _look(self, wanted: set[str]) -> dict[str, dict[str, Any] | None] | None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until or loop.time() > self._overdue:
            return None
        answers = {unit: self._asked.get(unit) or loop.create_future() for unit in wanted}
        self._asked |= answers
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_up())
        done, late = await asyncio.wait(answers.values(), timeout=PATIENCE_S)
        if late or any(answer.cancelled() for answer in done):
            return None
        return {unit: answer.result() for unit, answer in answers.items()}

    async def _look_up(self) -> None:
        """Answers all that ask, in one look after the other."""
        loop = asyncio.get_running_loop()
        while self._asked:
            asked, self._asked = self._asked, {}
            units = list(asked)
            self._overdue = loop.time() + PATIENCE_S
            try:
                find = self._features.find
                found = await loop.run_in_executor(self._looker, find, "unit", units)
            except Exception as error:  # noqa: BLE001 - whatever it fails with, decisions are made
                self._rests_until = loop.time() + REST_S
                reason = error.message if isinstance(error, TamesuError) else trace(error)
                _log.warning("features cannot be looked up: decisions go without", reason=reason)
                for answer in asked.values():
                    answer.cancel()
            else:
                for answer, features in zip(asked.values(), found, strict=True):
                    answer.set_result(features)
        self._overdue = math.inf

    async def _poll_on(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            await self._poll()

    async def _poll(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._there = not await loop.run_in_executor(self._keeper, self._features.empty)
        except TamesuError:
            self._there = True  # who looks finds out, and counts

    # For people ---------------------------------------------------------------------------------

    async def put(self, entity: str, key: str, data: Any) -> dict[str, Any]:
        """Keeps features in place of those that were there, durably.

        Raises:
            NotFound: no such entity.
            InvalidInput: a key that is none, or features that cannot be.
            Unavailable: they cannot be kept now.
        """
        features = read_features(entity, key, data)
        await self._do(self._features.put, entity, self._names.of(key), features)
        self._there = True
        return {"entity": entity, "key": key, "features": features}

    async def find(self, entity: str, key: str) -> dict[str, Any]:
        """What is kept of one key.

        Raises:
            NotFound: nothing, or no such entity.
            Unavailable: it cannot be read now.
        """
        check_key(entity, key)
        (features,) = await self._do(self._features.find, entity, [self._names.of(key)])
        if features is None:
            raise NotFound(
                f"no features are kept of this {entity}",
                hint=f"put them:  PUT /v1/features/{entity}/KEY",
                entity=entity,
            )
        return {"entity": entity, "key": key, "features": features}

    async def delete(self, entity: str, key: str) -> dict[str, Any]:
        """Forgets what is kept of one key; says whether anything was.

        Raises:
            NotFound: no such entity.
            Unavailable: it cannot be done now.
        """
        check_key(entity, key)
        deleted = await self._do(self._features.delete, entity, self._names.of(key))
        return {"entity": entity, "key": key, "deleted": deleted}

    async def _do(self, act: Callable[..., T], *arguments: object) -> T:
        """What one call comes to; those of people take turns."""
        return await asyncio.get_running_loop().run_in_executor(self._keeper, act, *arguments)
