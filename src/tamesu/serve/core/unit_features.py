"""`UnitFeatures`: what is known of a unit, looked up when a decision is made for it.

Off the event loop, all that wait in one look; where nothing is kept at all, which is polled, nothing
is looked up. A store of features that is down or slow costs a decision its features, counted, and
nothing else. Refuses to keep what it found: the next decision sees what was put meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from tamesu.base import InvalidInput, NotFound, TamesuError, TooLarge
from tamesu.base.errors import close_match
from tamesu.ports import Features, Meter
from tamesu.serve.core.trace import trace
from tamesu.serve.core.wire import check_text

ENTITIES = ("unit",)
"""Of what features are kept."""

MOST_BYTES = 4096
"""Of the features of one key, as JSON."""

MOST_LISTED = 64
"""Members of a list among them."""

POLL_S = 0.5
"""How often it is asked whether anything is kept: so late may the first features be, on a server that
did not take them itself. After that a decision uses what was put before it."""

PATIENCE_S = 0.25
"""Longest wait of a decision for its unit's features; nobody waits behind a look that took so long."""

REST_S = 1.0
"""How long a store that failed is left alone."""

MOST_NUMBER = 2**53
"""Whole numbers up to here are the same in every reader of JSON."""

_log = structlog.get_logger("tamesu.serve.features")


class UnitFeatures:
    """The features of units, for decisions and for people. `start` it on an event loop, `close` it there.

    Args:
        features: where they are kept.
        meter: takes `features_missed_total`.
    """

    def __init__(self, features: Features, meter: Meter) -> None:
        self._features = features
        self._meter = meter
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

    @property
    def there(self) -> bool:
        """Whether anything is kept, as of the last poll; yes where that is not known."""
        return self._there

    # For decisions ------------------------------------------------------------------------------

    async def of(self, bandit: str, units: Sequence[str | None]) -> list[dict[str, Any] | None]:
        """The features of each of `units`; none for who has none, and for all where they cannot be had.

        Never raises, and never takes much longer than `PATIENCE_S`.
        """
        wanted = {unit for unit in units if unit is not None}
        if not wanted:
            return [None] * len(units)
        found = await self._look(wanted)
        if found is None:
            missed = sum(unit is not None for unit in units)
            self._meter.count("features_missed_total", missed, bandit=bandit)
            return [None] * len(units)
        return [None if unit is None else found[unit] for unit in units]

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
                found = await asyncio.to_thread(self._features.find, "unit", units)
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
            self._there = not await asyncio.to_thread(self._features.empty)
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
        await asyncio.to_thread(self._features.put, entity, key, features)
        self._there = True
        return {"entity": entity, "key": key, "features": features}

    async def find(self, entity: str, key: str) -> dict[str, Any]:
        """What is kept of one key.

        Raises:
            NotFound: nothing, or no such entity.
            Unavailable: it cannot be read now.
        """
        check_key(entity, key)
        (features,) = await asyncio.to_thread(self._features.find, entity, [key])
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
        deleted = await asyncio.to_thread(self._features.delete, entity, key)
        return {"entity": entity, "key": key, "deleted": deleted}


def read_features(entity: str, key: str, data: Any) -> Mapping[str, Any]:
    """The features that plain data is.

    Raises:
        NotFound: no such entity.
        InvalidInput: no object, a value that no context can have, or too much.
    """
    check_key(entity, key)
    if not isinstance(data, dict):
        raise InvalidInput(
            f"features must be an object of names and values, got {_kind(data)}",
            hint='for example  {"plan": "pro", "visits": 12}',
        )
    for name, value in data.items():
        check_text(name, "the name of a feature")
        members = value if isinstance(value, list) else [value]
        if len(members) > MOST_LISTED:
            raise InvalidInput(
                f"a list may have {MOST_LISTED} members, feature {name!r} has {len(members):,}",
                field=name,
            )
        for member in members:
            _check_scalar(name, member)
    size = len(msgspec.json.encode(data))
    if size > MOST_BYTES:
        raise TooLarge(f"features may have {MOST_BYTES:,} bytes as JSON, got {size:,}")
    return data


def check_key(entity: str, key: str) -> None:
    """Refuses what names nothing of which features are kept.

    Raises:
        NotFound: no such entity.
        InvalidInput: a key that no unit can have.
    """
    if entity not in ENTITIES:
        match = close_match(entity, ENTITIES)
        raise NotFound(
            f"features are kept of {' and '.join(ENTITIES)}, got {entity[:80]!r}",
            hint=f"did you mean {match!r}?"
            if match
            else "PUT /v1/features/unit/KEY, where KEY is what requests send as unit",
            entity=entity[:80],
        )
    check_text(key, "unit")


def _check_scalar(name: str, value: Any) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, int) and abs(value) > MOST_NUMBER
        if whole or not math.isfinite(value):
            raise InvalidInput(
                f"a number must be finite, a whole one within ±2^53: feature {name!r} is not",
                field=name,
            )
    elif not isinstance(value, bool | str):
        raise InvalidInput(
            "a feature must be a number, a text, true, false or a list of these, "
            f"{name!r} has {_kind(value)}",
            hint="leave out what is not known" if value is None else "",
            field=name,
        )


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        type(None): "null",
        bool: "a boolean",
    }
    return names.get(type(value), "a number")
