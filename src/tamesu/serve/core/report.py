"""`Reporter`: what a bandit has learnt, how fresh it is, and what must be told before all else.

What the archive says of a period is told beside it, where a period is asked for: all of its rows are read
for that, a file at a time. Refuses to do so for two at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tamesu.base import InvalidInput, Time
from tamesu.base.aims import Aims
from tamesu.base.times import DAY_US, Duration
from tamesu.experiment import spans_of
from tamesu.join import concerns
from tamesu.policy import ArmSummary
from tamesu.ports import Archive, Clock, Declared, EventLog, Holds, Meter, Store
from tamesu.serve.core.attained import Attained
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.delays import Delays
from tamesu.serve.core.earned import Earned, Sizes
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.results import Results
from tamesu.train import first_number

WINDOWS = 24
"""Most windows of a period."""

LEAST_US = 1_000_000
"""The shortest period."""

MOST_US = 10 * 366 * DAY_US
"""The longest period."""


class Reporter:
    """Reports on the bandits of a catalogue.

    Args:
        log, store, meter, clock: the ports.
        catalogue: what is served.
        archive: of observations and records; without one nothing is said of a period.
    """

    def __init__(  # noqa: PLR0913 - the ports, all named by the service
        self,
        *,
        log: EventLog,
        store: Store,
        catalogue: Catalogue,
        meter: Meter,
        clock: Clock,
        archive: Archive | None,
    ) -> None:
        self._log, self._store, self._archive = log, store, archive
        self._catalogue, self._meter, self._clock = catalogue, meter, clock
        self._turn = asyncio.Semaphore(1)

    async def report(self, name: str, period: Duration | None = None) -> dict[str, Any]:
        """What a bandit has learnt: its arms, how fresh they are, how many records made them.

        Args:
            name: of the bandit.
            period: how far back to look into the archive; `results` says what is there of decisions
                made since. None leaves that out, and the answer costs what the store's counts do.

        Raises:
            NotFound: there is none of that name.
            InvalidInput: a period that cannot be.
            Corrupt: a file of the archive cannot be read.
            Unavailable: the store or the archive is down.
        """
        if period is not None and not LEAST_US <= period <= MOST_US:
            raise InvalidInput(
                f"period must lie between {Duration(LEAST_US).text()} and "
                f"{Duration(MOST_US).text()}, got {period.text()}",
                field="period",
            )
        hot = await self._catalogue.renew(name)
        progress = await asyncio.to_thread(self._store.progress)
        counts = progress.counts.get(name, {})
        return {
            "bandit": name,
            "status": hot.status.value,
            "declaration": hot.declared.number,
            "snapshot": hot.version,
            "watermark": None if hot.snapshot is None else hot.snapshot.watermark.text(),
            "observations": 0 if hot.snapshot is None else hot.snapshot.observations,
            "concerns": concerns(counts),
            "arms": await asyncio.to_thread(_arms, hot),
            "freshness_s": await asyncio.to_thread(self._quantiles, "freshness_seconds", name),
            "learning_delay_s": await asyncio.to_thread(
                self._quantiles, "learning_delay_seconds", name
            ),
            "counts": {
                "deliveries_observed": counts.get("deliveries_observed", 0),
                "deliveries_unshown": counts.get("deliveries_unshown", 0),
                "events_joined": counts.get("events_joined", 0),
            },
            "results": None if period is None else await self._results(hot, period),
        }

    async def _results(self, hot: Hot, period: Duration) -> Results | None:
        async with self._turn:
            return await asyncio.to_thread(self._look, hot, period)

    def _look(self, hot: Hot, period: Duration) -> Results | None:
        """What the archive has of the bandit since `period` ago, or since it began."""
        if self._archive is None:
            return None
        declared = hot.declared
        name, now = declared.declaration.name, self._clock.now()
        kept = sorted(self._store.snapshots(name), key=lambda one: one.version)
        since = Time(now - period)
        spans = replace(spans_of(max(self._begun(declared), since), now, most=WINDOWS), until=now)
        sizes = Sizes(self._store, declared, kept)

        def aims_then(number: int) -> Aims | None:
            then = self._store.declared(name, number)
            return None if then is None else then.declaration.aims

        attained = Attained(declared.declaration.aims, aims_then)
        earned = Earned(
            spans, sizes, since, hot.policy.beliefs, hot.policy.delivered, attained=attained
        )
        files = [
            file
            for file in self._store.files(Holds.OBSERVATIONS)
            if file.bandit == name and (not file.newest or file.newest >= earned.since)
        ]
        for outline in self._archive.outlines(files):
            earned.add(outline)
        delays = Delays(self._log, self._store, self._archive)
        return earned.results(delays.of(declared.declaration, earned.since, now))

    def _begun(self, declared: Declared) -> Time:
        """When the bandit was made, whatever was declared of it since: after it was deleted, the newest time."""
        name = declared.declaration.name
        first = self._store.declared(name, first_number(self._store.commands(name)))
        return declared.created if first is None else min(first.created, declared.created)

    def _quantiles(self, metric: str, bandit: str) -> dict[str, float | None]:
        """Over all servers, whose files are read for it."""
        return {
            "p50": self._meter.quantile(metric, 0.5, bandit=bandit),
            "p95": self._meter.quantile(metric, 0.95, bandit=bandit),
        }


def _arms(hot: Hot) -> list[ArmSummary]:
    return hot.policy.summary(hot.state, hot.ids, hot.time, features=hot.features)
