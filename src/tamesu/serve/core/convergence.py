"""`Convergence`: how fast the top of a bandit's ranking moves, by what it knew and by what it served.

What it knew is read from its kept snapshots, what it served from its archived observations; see
`tamesu.experiment`. Refuses to keep anything: each look reads anew, off the event loop, one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tamesu.base import InvalidInput, Snapshot, Time
from tamesu.base.times import DAY_US, Duration
from tamesu.experiment import SETTLED, STEPS, Spans, rates, spans_of, turnovers
from tamesu.ports import Archive, Clock, Store
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.served import served_tops
from tamesu.serve.core.tops import Tops

DEFAULT = 24
"""Windows that are looked at where nobody says."""

MOST = 200
"""Most windows of one look."""

LEAST_US = 1_000_000
"""The shortest window."""

MOST_US = 366 * DAY_US
"""The longest window."""

MOST_MEANS = 5_000_000
"""Posterior means of one look at most: where arms are so many, fewer windows are looked at."""


class Convergence:
    """The rates of change of the bandits of a catalogue.

    Args:
        store, clock: the ports.
        catalogue: what is served.
        archive: of observations; without one nothing is said of what was served.
    """

    def __init__(
        self, *, store: Store, catalogue: Catalogue, clock: Clock, archive: Archive | None
    ) -> None:
        self._store, self._catalogue, self._clock = store, catalogue, clock
        self._archive = archive
        self._turn = asyncio.Semaphore(1)

    async def convergence(
        self,
        name: str,
        *,
        window: Duration | None = None,
        windows: int = DEFAULT,
        size: int | None = None,
    ) -> dict[str, Any]:
        """Per window how much of the top changed, the oldest first.

        Its `rate` is the mean share from step to step, its `turnover` from first ranking to last.

        Of `snapshots`: arms by posterior mean. `rankings` is how many snapshots there were to see; a
        window in which there was none has moved by nothing, and says nothing. `thinned` says that some
        are kept no more which a step would have seen: what is told then is too little. Of `served`: arms
        by how often they were delivered in a step, fallbacks left out; steps with few deliveries are
        not compared. `settled` is whether the newest window's rate lies below `settled_below` and nothing was
        turned over; none where it says nothing.

        Args:
            name: of the bandit.
            window: how long each is; none for a length such that `windows` fill the bandit's life.
            windows: how many, the newest; 1 to `MOST`. Fewer where its life is shorter.
            size: how many arms the top has; none for as many as a decision delivers.

        Raises:
            NotFound: there is no such bandit.
            InvalidInput: a window, a number or a size that cannot be.
            Corrupt, Unavailable: store or archive cannot be read.
        """
        _refuse(window, windows, size)
        hot = await self._catalogue.look(name)
        async with self._turn:
            return await asyncio.to_thread(self._look, hot, window, windows, size)

    def _look(
        self, hot: Hot, window: Duration | None, windows: int, size: int | None
    ) -> dict[str, Any]:
        declared = hot.declared
        name, k = declared.declaration.name, size or hot.policy.size
        kept = sorted(self._store.snapshots(name), key=lambda one: one.version)
        now = self._clock.now()
        since = min([declared.created, now, *(one.created for one in kept[:1])])
        most = min(windows, max(1, MOST_MEANS // (STEPS * max(1, len(hot.arms)))))
        spans = spans_of(since, now, most=most, length_us=window)
        told: dict[str, Any] = {
            "bandit": name,
            "size": k,
            "window": Duration(spans.length_us).text(),
            "steps": STEPS,
            "settled_below": SETTLED,
            "snapshots": self._known(Tops(self._store, declared, k), kept, spans),
            "served": None,
        }
        if self._archive is not None:
            tops, deliveries = served_tops(self._store, self._archive, name, spans, k)
            counts = [{"deliveries": count} for count in deliveries]
            told["served"] = _told(spans, tops, counts, "deliveries")
        return told

    def _known(self, tops: Tops, kept: Sequence[Snapshot], spans: Spans) -> dict[str, Any]:
        made = _rising([one.created for one in kept])
        places = spans.newest(made)
        seen = [None if place is None else tops.of(kept[place].version) for place in places]
        missed = _missed(kept, made, spans, places)
        about: list[dict[str, Any]] = []
        for number, (start, end) in enumerate(spans.windows):
            steps = range(number * STEPS + 1, (number + 1) * STEPS + 1)
            new = sum(start < moment <= end for moment in made)
            about.append({"rankings": new, "thinned": any(missed[step] for step in steps)})
        return {**_told(spans, seen, about, "rankings"), "unreadable": len(tops.unreadable)}


def _told(
    spans: Spans,
    tops: Sequence[frozenset[str] | None],
    about: Sequence[dict[str, Any]],
    evidence: str,
) -> dict[str, Any]:
    """What is said of one kind of rankings; a window without `evidence` settles nothing."""
    windows = [
        {"since": start.text(), "until": end.text(), "rate": rate, "turnover": turnover, **more}
        for (start, end), rate, turnover, more in zip(
            spans.windows, rates(tops), turnovers(tops), about, strict=True
        )
    ]
    newest = windows[-1]
    rate, turnover = (newest["rate"], newest["turnover"]) if newest[evidence] else (None, None)
    return {
        "rate": rate,
        "turnover": turnover,
        "settled": None if rate is None else rate < SETTLED and not turnover,
        "windows": windows,
    }


def _rising(moments: Sequence[Time]) -> list[int]:
    """`moments` of versions in their order; one made by a clock that was set back counts as the last."""
    rising: list[int] = []
    for moment in moments:
        rising.append(max(moment, rising[-1]) if rising else moment)
    return rising


def _missed(
    kept: Sequence[Snapshot], made: Sequence[int], spans: Spans, places: Sequence[int | None]
) -> list[bool]:
    """Per moment whether a snapshot that is kept no more was likely newer than the one seen, by a step."""
    missed = []
    for moment, place in zip(spans.moments, places, strict=True):
        if place is None or place + 1 >= len(kept):
            missed.append(False)
            continue
        is_gap = kept[place + 1].version != kept[place].version + 1
        missed.append(is_gap and moment - made[place] > spans.step_us)
    return missed


def _refuse(window: Duration | None, windows: int, size: int | None) -> None:
    if window is not None and not LEAST_US <= window <= MOST_US:
        raise InvalidInput(
            f"window must lie between {Duration(LEAST_US).text()} and {Duration(MOST_US).text()}, "
            f"got {window.text()}",
            field="window",
        )
    if not 1 <= windows <= MOST:
        raise InvalidInput(f"windows must lie in 1..{MOST}, got {windows}", field="windows")
    if size is not None and size < 1:
        raise InvalidInput(f"size must be at least 1, got {size}", field="size")
