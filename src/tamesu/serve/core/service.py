"""`Service`: the core of a server, put together from ports, with no transport.

Decide, track, control and health over one log, one store and one cache. Refuses to know who calls it
and over what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from tamesu.ports import Archive, Cache, Clock, EventLog, Features, IdSource, Meter, Store
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.arms import Arms
from tamesu.serve.core.asides import Asides
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.claims import Claims
from tamesu.serve.core.commands import Commands
from tamesu.serve.core.control import Control
from tamesu.serve.core.convergence import Convergence
from tamesu.serve.core.decide import Decider
from tamesu.serve.core.doubts import Doubts
from tamesu.serve.core.explain import Explainer, KeptPast
from tamesu.serve.core.freshness import Freshness
from tamesu.serve.core.gauges import Gauges
from tamesu.serve.core.health import MAX_AGE_S, Health
from tamesu.serve.core.lifecycle import Lifecycle
from tamesu.serve.core.recorder import Recorder
from tamesu.serve.core.records import ArchivedRecords
from tamesu.serve.core.refill import Refilling
from tamesu.serve.core.report import Reporter
from tamesu.serve.core.track import Tracker
from tamesu.serve.core.unit_features import UnitFeatures
from tamesu.serve.core.unit_names import UnitNames
from tamesu.serve.core.versions import Versions

_log = structlog.get_logger("tamesu.serve")


class Service:
    """One server's core. `start` it on an event loop, `close` it there.

    Closing drains what was submitted; the ports stay open, they belong to whoever made them.

    Args:
        log, store, cache, features, clock, ids, meter: the ports.
        archive: where records are that were set aside; without one they cannot be listed.
        archived, past: what `explain` looks at besides log and store, opened once it is asked for.
        unit_names: what units are called in all that is kept; themselves without.
        deadline_s: longest wait for the log.
        max_age_s: how long the store may be out of reach before readiness fails.
    """

    def __init__(  # noqa: PLR0913 - the ports, all named by wiring
        self,
        *,
        log: EventLog,
        store: Store,
        cache: Cache,
        features: Features,
        clock: Clock,
        ids: IdSource,
        meter: Meter,
        archive: Archive | None = None,
        archived: Callable[[], ArchivedRecords] | None = None,
        past: Callable[[], KeptPast] | None = None,
        unit_names: UnitNames | None = None,
        deadline_s: float = 1.0,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self.meter = meter
        self._claims = Claims(cache)
        self.appender = Appender(log, clock, meter, self._claims, deadline_s=deadline_s)
        self.catalogue = Catalogue(store)
        self._refilling = Refilling(
            claims=self._claims, log=log, catalogue=self.catalogue, clock=clock
        )
        self._freshness = Freshness(meter)
        self.units = UnitFeatures(features, meter, unit_names)
        self.decider = Decider(
            catalogue=self.catalogue,
            recorder=Recorder(
                appender=self.appender,
                doubts=Doubts(self._claims, log, clock, patience_s=deadline_s),
                meter=meter,
            ),
            units=self.units,
            freshness=self._freshness,
            names=unit_names or UnitNames(),
            clock=clock,
            ids=ids,
            meter=meter,
        )
        self.tracker = Tracker(
            catalogue=self.catalogue, appender=self.appender, clock=clock, meter=meter
        )
        self.control = Control(store=store, catalogue=self.catalogue, clock=clock, ids=ids)
        self.reporter = Reporter(
            log=log,
            store=store,
            catalogue=self.catalogue,
            meter=meter,
            clock=clock,
            archive=archive,
        )
        self.convergence = Convergence(
            store=store, catalogue=self.catalogue, clock=clock, archive=archive
        )
        self.explainer = Explainer(
            log=log,
            store=store,
            catalogue=self.catalogue,
            clock=clock,
            archived=archived,
            past=past,
        )
        self._gauges = Gauges(
            catalogue=self.catalogue,
            appender=self.appender,
            log=log,
            store=store,
            clock=clock,
            meter=meter,
        )
        self.commands = Commands(store=store, catalogue=self.catalogue, clock=clock)
        self.arms = Arms(catalogue=self.catalogue, commands=self.commands)
        self.lifecycle = Lifecycle(catalogue=self.catalogue, commands=self.commands)
        self.versions = Versions(store=store, catalogue=self.catalogue, clock=clock)
        self.asides = Asides(store, archive)
        self.health = Health(catalogue=self.catalogue, appender=self.appender, max_age_s=max_age_s)

    async def start(self) -> None:
        """Loads the bandits and the claims of the last ten minutes; then decisions can be made.

        Raises:
            Unavailable: the log or the store cannot be read.
        """
        await asyncio.to_thread(self.catalogue.start)
        self._freshness.start(self.catalogue.held().values())
        claims = await self._refilling.start()
        await self.units.start()
        self.appender.start()
        self._gauges.start()
        _log.info("serving", bandits=len(self.catalogue.held()), claims=claims)

    async def close(self, patience_s: float = 5.0) -> bool:
        """Drains the log writer and stops polling; whether everything was written."""
        await self._gauges.close()
        await self._refilling.close()
        await self.units.close()
        drained = await self.appender.close(patience_s)
        await asyncio.to_thread(self.catalogue.close)
        return drained

    async def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, the levels as of now."""
        return await self._gauges.expose()
