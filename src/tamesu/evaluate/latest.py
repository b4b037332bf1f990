"""`Latest`: of each delivery what it came to last, out of archived observations in any order and any pieces.

Which decisions are told is a matter of time alone (`Cut`): a decision whose windows were still open when the log was
cut is left out whole, whatever had come of it by then. Refuses to leave out by outcome, and to drop silently: what
is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Observations, Reward, Time

LONGEST_ID = 96
"""Bytes of a decision id at most: 63 of a name, 9 of a number, 32 of a UUID, two dots; they sort as texts do."""


class Cut(NamedTuple):
    """Which decisions of a log are told.

    Attributes:
        since: decided before this moment are left out.
        known: what the log had come to by then; who is told later is left out.
        rewards: of each declaration, by its number, its clauses; decisions under others are left out.
    """

    since: Time
    known: Time
    rewards: Mapping[int, Reward]

    def until(self, number: int) -> Time:
        """The last moment of which every window of that declaration was closed when the log was cut."""
        return Time(self.known - self.rewards[number].last_moment(Time(0)))


class Deliveries(NamedTuple):
    """What deliveries came to.

    Attributes:
        rows: m of them, each as it was last corrected, by moment and id of their decision, then by position.
        number: (m,) of the declaration that each was decided under.
        first: (n,) the row of the first delivery of each decision.
    """

    rows: Observations
    number: NDArray[np.int64]
    first: NDArray[np.intp]

    def deciders(self) -> list[tuple[int, int]]:
        """Declarations and versions of snapshots that decided, rising."""
        pairs = self.number[self.first].tolist(), self.rows.snapshot[self.first].tolist()
        return sorted({*zip(*pairs, strict=True)})


@dataclass
class Latest:
    """Takes observations of one bandit, gives what they came to.

    Law: the same for any order and any cut of the observations, and for observations that come twice.

    Args:
        cut: which decisions.

    Attributes:
        left_out: how many decisions are not told, by why: `older`, `open` (their windows were not closed),
            `fallback` (no policy chose), `otherwise` (rewarded in a way that is not to be compared), `incomplete`
            (the archive does not have all of them any more).
    """

    cut: Cut
    left_out: Counter[str] = field(default_factory=Counter)
    _parts: list[Observations] = field(default_factory=list)
    _seen: dict[str, set[str]] = field(default_factory=dict)

    def take(self, part: Observations) -> None:
        """Holds what of `part` is told."""
        if part.declaration not in self.cut.rewards:
            self._leave("otherwise", part, np.ones(len(part), np.bool_))
            return
        older = part.decided < self.cut.since
        late = part.decided > self.cut.until(part.declaration)
        self._leave("older", part, older)
        self._leave("open", part, late & ~older)
        kept = ~older & ~late & (part.closed <= self.cut.known)
        if kept.any():
            # Most files are of the middle: those are held as they are.
            self._parts.append(part if kept.all() else part.take(kept))

    def told(self) -> Deliveries | None:
        """What was taken, each delivery once; none where nothing is left."""
        if not self._parts:
            return None
        number = np.concatenate([np.full(len(one), one.declaration) for one in self._parts])
        rows = Observations.concatenate(self._parts)
        self._parts = [rows]
        whose, last, begun = _newest(rows)
        told = Deliveries(rows.take(last), number[last], _firsts(whose[last]))
        sizes = np.diff(np.append(told.first, len(last)))
        deepest = told.rows.position[told.first + sizes - 1]
        whole = np.minimum.reduceat(begun, told.first) & (deepest == sizes - 1)
        fallback = told.rows.fallback[told.first]
        self.left_out["incomplete"] = int(np.count_nonzero(~whole))
        self.left_out["fallback"] = int(np.count_nonzero(whole & fallback))
        return sifted(told, whole & ~fallback)

    def _leave(self, why: str, part: Observations, out: NDArray[np.bool_]) -> None:
        """Counts decisions, each once."""
        if out.any():
            mine = set(part.decision_id[out & (part.position == 0)].tolist())
            known = self._seen.setdefault(why, set())
            self.left_out[why] += len(mine - known)
            known |= mine


def sifted(told: Deliveries, kept: NDArray[np.bool_]) -> Deliveries | None:
    """The deliveries of the decisions at the mask `kept` (n,); none where none is."""
    if kept.all():
        return told
    if not kept.any():
        return None
    sizes = np.diff(np.append(told.first, len(told.rows)))
    rows = np.repeat(kept, sizes)
    left = sizes[kept]
    first = np.concatenate([[0], np.cumsum(left)[:-1]]).astype(np.intp)
    return Deliveries(told.rows.take(rows), told.number[rows], first)


def _newest(
    rows: Observations,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Whose decision each row is of, by number; (m,) the row of each delivery's last correction, in the order
    of `Deliveries`; and whether its first observation is there too.
    """
    numbers: dict[str, int] = {}
    ids = rows.decision_id.tolist()
    whose = np.fromiter((numbers.setdefault(one, len(numbers)) for one in ids), np.intp, len(ids))
    place = np.empty(len(numbers), np.intp)
    place[np.argsort(np.array([*numbers], f"S{LONGEST_ID}"))] = np.arange(len(numbers))
    order = np.lexsort((rows.correction, rows.position, place[whose], rows.decided))
    key, position = whose[order], rows.position[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (key[1:] != key[:-1]) | (position[1:] != position[:-1])
    last = order[np.append(first[1:], True)]
    return whose, last, rows.correction[order[first]] == 0


def _firsts(whose: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) where each decision begins."""
    new = np.ones(len(whose), np.bool_)
    new[1:] = whose[1:] != whose[:-1]
    return np.flatnonzero(new)


def with_rewards(told: Deliveries, reward: NDArray[np.int64]) -> Deliveries:
    """The same, with other rewards (m,)."""
    return told._replace(rows=replace(told.rows, reward=reward))
