"""`Service`: the core of a server, put together from ports, with no transport.

Decide, track, control and health over one log, one store and one cache. Refuses to know who calls it
and over what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from tamesu.base import TamesuError, Time
from tamesu.base.times import SECOND_US
from tamesu.join import Checkpoint, table
from tamesu.ports import Cache, Clock, EventLog, IdSource, Meter, Store
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.claims import Claims
from tamesu.serve.core.control import Control
from tamesu.serve.core.decide import Decider
from tamesu.serve.core.explain import Explainer
from tamesu.serve.core.freshness import Freshness
from tamesu.serve.core.health import MAX_AGE_S, Health
from tamesu.serve.core.track import Tracker

_log = structlog.get_logger("tamesu.serve")


class Service:
    """One server's core. `start` it on an event loop, `close` it there.

    Closing drains what was submitted; the ports stay open, they belong to whoever made them.

    Args:
        log, store, cache, clock, ids, meter: the ports.
        deadline_s: longest wait for the log.
        max_age_s: how long the store may be out of reach before readiness fails.
    """

    def __init__(  # noqa: PLR0913 - the ports, all named by wiring
        self,
        *,
        log: EventLog,
        store: Store,
        cache: Cache,
        clock: Clock,
        ids: IdSource,
        meter: Meter,
        deadline_s: float = 1.0,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self._log = log
        self._clock = clock
        self.meter = meter
        self.appender = Appender(log, clock, meter, deadline_s=deadline_s)
        self.catalogue = Catalogue(store)
        self._claims = Claims(cache)
        freshness = Freshness(meter)
        self.decider = Decider(
            catalogue=self.catalogue,
            appender=self.appender,
            claims=self._claims,
            freshness=freshness,
            clock=clock,
            ids=ids,
            meter=meter,
        )
        self.tracker = Tracker(
            catalogue=self.catalogue, appender=self.appender, clock=clock, meter=meter
        )
        self.control = Control(
            store=store, catalogue=self.catalogue, clock=clock, ids=ids, meter=meter
        )
        self.explainer = Explainer(log=log, store=store, catalogue=self.catalogue, clock=clock)
        self.health = Health(catalogue=self.catalogue, appender=self.appender, max_age_s=max_age_s)

    async def start(self) -> None:
        """Loads the bandits and the claims of the last ten minutes; then decisions can be made.

        Raises:
            Unavailable: the log or the store cannot be read.
        """
        await asyncio.to_thread(self.catalogue.start)
        claims = await asyncio.to_thread(self._claims.refill, self._log, self._clock.now())
        self.appender.start()
        _log.info("serving", bandits=len(self.catalogue.held()), claims=claims)

    async def close(self, patience_s: float = 5.0) -> bool:
        """Drains the log writer and stops polling; whether everything was written."""
        drained = await self.appender.close(patience_s)
        await asyncio.to_thread(self.catalogue.close)
        return drained

    async def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, the levels as of now."""
        now = self._clock.now()
        for name, hot in self.catalogue.held().items():
            self.meter.level("snapshot_version", hot.version, bandit=name)
            age = max(0.0, (now - hot.made) / SECOND_US)
            self.meter.level("snapshot_age_seconds", age, bandit=name)
        self.meter.level("queue_length", self.appender.waiting)
        try:
            progress = await self.control.progress()
            self._place(Checkpoint.from_bytes(progress.checkpoint), now)
            end = await asyncio.to_thread(self._log_end)
        except TamesuError as error:
            _log.warning("the store or the log cannot be read for metrics", code=error.code)
        else:
            self.meter.level("log_end_offset", end)
            for name, mine in progress.counts.items():
                self._conserve(name, mine)
        return self.meter.expose()

    def _place(self, checkpoint: Checkpoint, now: Time) -> None:
        """How far the trainer has come; nothing of its time before its first commit."""
        self.meter.level("log_read_offset", sum(mark.read for mark in checkpoint.marks))
        if checkpoint.time is not None:
            age = max(0.0, (now - checkpoint.time) / SECOND_US)
            self.meter.level("watermark_age_seconds", age)

    def _log_end(self) -> int:
        return sum(self._log.end(partition) for partition in range(self._log.partitions))

    def _conserve(self, bandit: str, counts: Mapping[str, int]) -> None:
        of_bandit = table(counts)
        for record, classes in (
            ("decisions", of_bandit["decisions"]),
            ("deliveries", of_bandit["deliveries"]),
            ("events", of_bandit["events"]),
        ):
            for name, number in classes.items():
                self.meter.level(
                    "conservation_records", number, bandit=bandit, **{"class": f"{record}_{name}"}
                )
        self.meter.level("conservation_difference", of_bandit["difference"], bandit=bandit)
