"""`kept_of`: records that were set aside, as they stand in the log.

Refuses to read the log whole for them: what lies close together is read in one go, the rest by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from tamesu.base import Entry, SetAside
from tamesu.ports import EventLog, Kept

_CLOSE = 64
"""Entries between two of them that are read along rather than skipped."""

_MOST = 2_000
"""Entries that one run spans: bounds the memory of a read."""


def kept_of(log: EventLog, asides: Iterable[SetAside]) -> list[list[Kept]]:
    """`asides` with their entries, one list a bandit, each in the order of partition and offset.

    One that the log holds no more is left out: the join lets nothing be retired before it has judged it.

    Raises:
        Corrupt, Unavailable: the log cannot be read.
    """
    kept: list[Kept] = []
    for run in _runs(sorted(asides, key=_place)):
        entries = {entry.offset: entry for entry in _read(log, run)}
        kept += [Kept(one, entries[one.offset]) for one in run if one.offset in entries]
    kept.sort(key=_bandit_of)
    return [list(theirs) for _, theirs in groupby(kept, key=_bandit_of)]


def _runs(ordered: Sequence[SetAside]) -> Iterator[list[SetAside]]:
    """`ordered` in pieces that are read in one go."""
    run: list[SetAside] = []
    for one in ordered:
        if run and not (
            one.partition == run[-1].partition
            and one.offset - run[-1].offset <= _CLOSE
            and one.offset - run[0].offset < _MOST
        ):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _read(log: EventLog, run: Sequence[SetAside]) -> Sequence[Entry]:
    first, last = run[0].offset, run[-1].offset
    return log.read(run[0].partition, first, last - first + 1)


def _place(aside: SetAside) -> tuple[int, int]:
    return aside.partition, aside.offset


def _bandit_of(kept: Kept) -> str:
    return kept.aside.bandit
