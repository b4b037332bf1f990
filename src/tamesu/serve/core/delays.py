"""How late a bandit's rewards come, from the records of some of its decisions, out of archive and log.

Records and not observations: what came after the window is in the log, and in no observation. Refuses to
read more than so many records: of a large log it looks at the decisions whose ids end with some zeros, which
are as good as drawn, and at all that came of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tamesu.base import (
    Declaration,
    Entry,
    Event,
    InvalidInput,
    Kind,
    Time,
    decode_event,
    parse_decision_id,
    parse_delivery_id,
)
from tamesu.base.reward import AHEAD_US, IMPRESSION, SKEW_US, Aggregate, Anchor, EventTerm
from tamesu.base.times import MILLISECOND_US, SECOND_US, Duration
from tamesu.experiment import AGES_US, age_of, caught, suggested
from tamesu.join.record import UNDECODED
from tamesu.ports import Archive, EventLog, Holds, Store
from tamesu.serve.core.results import CurvePoint, Delay

MOST = 100_000
"""Records that a look is to read of the archive, about; events and impressions of all types among them."""

MOST_TAIL = 200_000
"""Entries of the log that are read behind what is archived."""

CHUNK = 10_000


class Delays:
    """Where records are.

    Args:
        log, store, archive: the ports.
    """

    def __init__(self, log: EventLog, store: Store, archive: Archive) -> None:
        self._log, self._store, self._archive = log, store, archive

    def of(self, declaration: Declaration, since: Time, until: Time) -> Delay:
        """The reward-delay curve of decisions made from `since` on, by what is known at `until`.

        Decisions are followed for the longer of the bandit's window and half of the period, at most for
        its late horizon; those younger than that are left out, for of them only the quick rewards have
        come.

        Raises:
            Corrupt, Unavailable: log, store or archive cannot be read.
        """
        reward = declaration.reward
        files = [
            file
            for file in self._store.files(Holds.RECORDS)
            if not file.newest or file.newest >= since
        ]
        zeros = 0
        while sum(file.rows for file in files) > MOST * 16**zeros:
            zeros += 1
        ending = "0" * zeros
        least = reward.within_us + reward.longest_us + reward.lateness
        half = (until - since) // 2 // SECOND_US * SECOND_US
        followed = min(max(least, half), max(reward.late, least))
        looked = _Looked(declaration, since, Time(until - followed), followed)
        tail = _tail(self._log, self._store.archived(), f"{declaration.name}.", ending)
        for entry in chain(
            chain.from_iterable(self._archive.sampled(files, declaration.name, ending)), tail
        ):
            looked.take(entry)
        ages, worth = looked.ages()
        points = [age for age in AGES_US if age <= followed]
        inside = caught(ages, worth, [reward.longest_us])[0] if worth.sum() > 0 else None
        best = suggested(ages, worth, followed)
        return Delay(
            followed=Duration(followed).text(),
            decisions=len(looked.decisions),
            sampled=16.0**-zeros,
            events=len(ages),
            window=Duration(reward.longest_us).text(),
            inside=inside,
            quantiles_s=_quantiles(ages, worth) if inside is not None else None,
            suggested=None if best is None else Duration(best).text(),
            points=[
                CurvePoint(age=Duration(age).text(), share=share)
                for age, share in zip(points, caught(ages, worth, points), strict=True)
            ],
        )


def _quantiles(ages: NDArray[np.int64], worth: NDArray[np.float64]) -> dict[str, float]:
    return {
        f"p{percent}": age_of(ages, worth, percent / 100) / SECOND_US
        for percent in (50, 90, 95, 99)
    }


class _Looked:
    """The events of decisions made in a period, as they come in log order, partition by partition."""

    def __init__(self, declaration: Declaration, since: Time, until: Time, followed: int) -> None:
        self._reward = declaration.reward
        self._since, self._until, self._followed = since, until, followed
        self.decisions: set[str] = set()
        self._known: set[tuple[str, str]] = set()
        self._shown: dict[str, int] = {}
        self._events: list[tuple[str, int, int, Event]] = []

    def take(self, entry: Entry) -> None:
        """Takes in a record; what cannot be read is the join's to count."""
        if entry.kind == Kind.TICK:
            return
        try:
            decided = parse_decision_id(entry.key).decided
            if not self._since <= decided < self._until:
                return
            if entry.kind == Kind.DECISION:
                self.decisions.add(entry.key)
                return
            event = decode_event(entry.body)
            parse_delivery_id(event.delivery_id)
        except (InvalidInput, *UNDECODED):
            return
        key = (entry.key, event.event_id)
        if key in self._known:
            return
        self._known.add(key)
        moment = self._moment(event, entry.received * MILLISECOND_US)
        if moment < decided - SKEW_US:
            return
        if event.type == IMPRESSION:
            shown = self._shown.get(event.delivery_id, moment)
            self._shown[event.delivery_id] = min(shown, moment)
        elif event.type in self._reward.events:
            self._events.append((event.delivery_id, decided, moment, event))

    def _moment(self, event: Event, received: int) -> int:
        """When it happened: as the client says, where that can be believed."""
        if event.time is None or event.time > received + AHEAD_US:
            return received
        return event.time

    def ages(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(n,) age in microseconds and worth of every event that would count in an endless window."""
        rows = list(self._counted())
        ages = np.array([age for age, _ in rows], np.int64)
        return ages, np.array([worth for _, worth in rows], np.float64)

    def _counted(self) -> Iterator[tuple[int, float]]:
        by_impression = self._reward.anchor is Anchor.IMPRESSION
        once: set[tuple[str, str]] = set()
        for delivery, decided, moment, event in sorted(self._events, key=lambda one: one[2]):
            anchor = self._shown.get(delivery) if by_impression else decided
            if anchor is None or not -SKEW_US <= moment - anchor < self._followed:
                continue
            term = self._reward.events[event.type]
            if term.aggregate in (Aggregate.ANY, Aggregate.FIRST):
                if (delivery, event.type) in once:
                    continue
                once.add((delivery, event.type))
            yield max(0, moment - anchor), _worth(term, event)


def _worth(term: EventTerm, event: Event) -> float:
    """How much an event counts in its reward, whatever the sign."""
    is_valued = term.aggregate in (Aggregate.SUM, Aggregate.FIRST) and event.value is not None
    return abs(term.weight * (event.value or 0.0)) if is_valued else abs(term.weight)


def _tail(log: EventLog, archived: Iterable[int], beginning: str, ending: str) -> Iterator[Entry]:
    """What of the log is not archived yet, of decisions that begin and end so."""
    offsets = [*archived] or [0] * log.partitions
    for partition, start in enumerate(offsets):
        offset, left = start, MOST_TAIL
        while left > 0 and (entries := log.read(partition, offset, min(CHUNK, left))):
            yield from (
                one for one in entries if one.key.startswith(beginning) and one.key.endswith(ending)
            )
            offset, left = entries[-1].offset + 1, left - len(entries)
