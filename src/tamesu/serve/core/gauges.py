"""`Gauges`: what a server tells of its state and of the trainer's, as levels for the meter.

Its own state is told every second, so that a scrape of any other server shows it too. What the store and
the log say is told at each scrape, by whichever server is asked, so that a trainer's absence shows.
Refuses to fail a scrape: a store that is down costs what it would have said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from tamesu.base import TamesuError, Time
from tamesu.base.times import SECOND_US
from tamesu.join import Checkpoint, table
from tamesu.ports import Clock, EventLog, Meter, Store
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.movement import Movement

TELL_S = 1.0
"""How often a server tells its own state."""

_log = structlog.get_logger("tamesu.serve.gauges")


class Gauges:
    """The levels of one server. `start` it on an event loop, `close` it there."""

    def __init__(  # noqa: PLR0913 - what it reads, all named by the service
        self,
        *,
        catalogue: Catalogue,
        appender: Appender,
        log: EventLog,
        store: Store,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._catalogue = catalogue
        self._appender = appender
        self._log = log
        self._store = store
        self._clock = clock
        self._meter = meter
        self._movement = Movement(meter)
        self._telling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tells this server's state from now on."""
        self._telling = asyncio.create_task(self._tell_on())

    async def close(self) -> None:
        """Tells no more."""
        if self._telling is not None:
            self._telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._telling
            self._telling = None

    async def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, the levels as of now."""
        return await asyncio.to_thread(self._expose)

    def tell(self) -> None:
        """Sets the levels of this server alone."""
        now = self._clock.now()
        for name, hot in self._catalogue.held().items():
            self._meter.level("snapshot_version", hot.version, bandit=name)
            age = max(0.0, (now - hot.made) / SECOND_US)
            self._meter.level("snapshot_age_seconds", age, bandit=name)
        self._meter.level("queue_length", self._appender.waiting)

    def _expose(self) -> tuple[str, bytes]:
        self.tell()
        try:
            self._tell_loop(self._clock.now())
        except TamesuError as error:
            _log.warning("the store or the log cannot be read for metrics", code=error.code)
        return self._meter.expose()

    async def _tell_on(self) -> None:
        while True:
            await asyncio.to_thread(self.tell)
            held, now = self._catalogue.held(), self._clock.now()
            await asyncio.to_thread(self._movement.tell, held, now)
            await asyncio.sleep(TELL_S)

    def _tell_loop(self, now: Time) -> None:
        """How far the trainer has come; nothing of its time before its first commit."""
        progress = self._store.progress()
        checkpoint = Checkpoint.from_bytes(progress.checkpoint)
        end = sum(self._log.end(partition) for partition in range(self._log.partitions))
        read = sum(mark.read for mark in checkpoint.marks)
        self._meter.level("log_end_offset", end)
        self._meter.level("log_read_offset", read)
        self._meter.level("lag_records", max(0, end - read))
        if checkpoint.time is not None:
            age = max(0.0, (now - checkpoint.time) / SECOND_US)
            self._meter.level("watermark_age_seconds", age)
        for name, mine in progress.counts.items():
            self._conserve(name, mine)

    def _conserve(self, bandit: str, counts: Mapping[str, int]) -> None:
        of_bandit = table(counts)
        for record, classes in (
            ("decisions", of_bandit["decisions"]),
            ("deliveries", of_bandit["deliveries"]),
            ("events", of_bandit["events"]),
        ):
            for name, number in classes.items():
                self._meter.level(
                    "conservation_records", number, bandit=bandit, **{"class": f"{record}_{name}"}
                )
        self._meter.level("conservation_difference", of_bandit["difference"], bandit=bandit)
