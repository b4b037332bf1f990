"""`Reporter`: what a bandit has learnt, how fresh it is, and what must be told before all else.

Refuses to judge more than the store's counts do; what the archive says is told beside it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tamesu.join import concerns
from tamesu.policy import ArmSummary
from tamesu.ports import Meter, Store
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot


class Reporter:
    """Reports on the bandits of a catalogue.

    Args:
        store, meter: the ports.
        catalogue: what is served.
    """

    def __init__(self, *, store: Store, catalogue: Catalogue, meter: Meter) -> None:
        self._store, self._catalogue, self._meter = store, catalogue, meter

    async def report(self, name: str) -> dict[str, Any]:
        """What a bandit has learnt: its arms, how fresh they are, how many records made them.

        Raises:
            NotFound: there is none of that name.
            Unavailable: the store is down.
        """
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
        }

    def _quantiles(self, metric: str, bandit: str) -> dict[str, float | None]:
        """Over all servers, whose files are read for it."""
        return {
            "p50": self._meter.quantile(metric, 0.5, bandit=bandit),
            "p95": self._meter.quantile(metric, 0.95, bandit=bandit),
        }


def _arms(hot: Hot) -> list[ArmSummary]:
    return hot.policy.summary(hot.state, hot.roster.ids, hot.made)
