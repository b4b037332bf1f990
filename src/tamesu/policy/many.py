"""Many decisions at once, each in a context of its own: what `Choosing.choose` gives, for less.

For a belief and an explorer that can look at many contexts at once; in a layout of one arm. Refuses to be
anything but faster: where sums are added up in another order, the last bits of a propensity may differ
from those of a decision alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Explorer, Marginals, Reading
from tamesu.policy.moment import Rules

MOST_NUMBERS = 1 << 18
"""Scores looked at in one go: what fits into a cache."""

MOST_CONTEXTS = 256
"""Looked at in one go: a reading may have as many numbers for each arm of a context as arms have columns."""

Floats = NDArray[np.float64]


class Sheet(Protocol):
    """What a belief thinks of n arms in each of m contexts."""

    def at(self, number: int) -> Marginals:
        """In one of the contexts."""
        ...

    def mean(self) -> Floats:
        """(m, n) expected rewards."""
        ...

    def ladder(self) -> tuple[Floats, Floats]:
        """Middles (m, n) and steps (m, n), as of a family."""
        ...


@runtime_checkable
class ManyReading(Reading, Protocol):
    """A reading that can be asked of many contexts at once."""

    def many(self, contexts: Floats) -> Sheet:
        """`at` of each of m contexts (m, d)."""
        ...


class ManyExplorer(Explorer, Protocol):
    """An explorer that can be asked of many contexts at once."""

    looks: int
    """At each arm of a context."""

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> Floats:
        """(m, k) propensities of the arms at `rows` (k,) in each of m contexts."""
        ...


def at_once(
    readings: tuple[Reading, ...], explorer: Explorer
) -> tuple[ManyReading, ManyExplorer] | None:
    """Both, where there is one belief and both can be asked of many contexts at once."""
    many = all_many(readings) if len(readings) == 1 and _is_many(type(explorer)) else None
    return None if many is None else (many[0], cast("ManyExplorer", explorer))


def all_many(readings: tuple[Reading, ...]) -> tuple[ManyReading, ...] | None:
    """The readings, where each can be asked of many contexts at once."""
    if not all(_is_many(type(reading)) for reading in readings):
        return None
    return cast("tuple[ManyReading, ...]", readings)


@cache
def _is_many(kind: type) -> bool:
    """Whether a reading or an explorer of this type can: looked up once, for it takes longer than a decision."""
    return callable(getattr(kind, "many", None))


def contexts_at_once(scores: int) -> int:
    """How many contexts to look at in one go, where each has so many scores."""
    return min(max(1, MOST_NUMBERS // max(1, scores)), MOST_CONTEXTS)


def chosen(  # noqa: PLR0913, PLR0917 - everything that choices are a function of
    reading: ManyReading,
    explorer: ManyExplorer,
    rules: Rules,
    rows: NDArray[np.intp],
    contexts: Floats,
    uniforms: Floats,
) -> tuple[NDArray[np.intp], Floats]:
    """Places (n,) among `rows` of the arms chosen in n contexts, and their propensities (n,).

    Args:
        reading: of the one belief.
        explorer: makes propensities of it.
        rules: what becomes of these.
        rows: (k,) of the eligible arms.
        contexts: (n, d).
        uniforms: (n,) of the decisions.
    """
    n = len(contexts)
    places, propensities = np.empty(n, dtype=np.intp), np.empty(n)
    first = 0
    for distributions in distributed(reading, explorer, rules, rows, contexts):
        some = slice(first, first := first + len(distributions))
        places[some], propensities[some] = _drawn(distributions, uniforms[some])
    return places, propensities


def distributed(
    reading: ManyReading,
    explorer: ManyExplorer,
    rules: Rules,
    rows: NDArray[np.intp],
    contexts: Floats,
) -> Iterator[Floats]:
    """(m, k) distributions over the arms at `rows` (k,) in the contexts (n, d), some after others.

    Args:
        reading: of the one belief.
        explorer: makes propensities of it.
        rules: what becomes of these.
        rows: (k,) of the eligible arms.
        contexts: (n, d).
    """
    most = contexts_at_once(explorer.looks * rules.size)
    for first in range(0, len(contexts), most):
        sheet = reading.many(contexts[first : first + most])
        distributions = rules.explored(explorer.many(sheet, rows))
        for number in rules.beyond_cap(distributions, rows):
            distributions[number] = rules.made(explorer.over(sheet.at(number)), rows, None)
        yield distributions


def _drawn(propensities: Floats, uniforms: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Places (m,) drawn from distributions (m, k) at `uniforms` (m,), and their propensities (m,).

    As `tamesu.policy.chooser.Distribution.pick` of each.
    """
    edges = np.cumsum(propensities, axis=1)
    places = np.count_nonzero(edges <= uniforms[:, None], axis=1)
    # Rounding may leave the last sum below 1: what lies beyond belongs to the last that can be chosen.
    for number in np.flatnonzero(places == propensities.shape[1]):
        places[number] = np.flatnonzero(propensities[number])[-1]
    return places, propensities[np.arange(len(places)), places]
