"""`Rows`: what a join gives of deliveries, before it is spelt out as observations.

Refuses to know how they came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Outcome, Reward
from tamesu.join.tally import Tally

Integers = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of one declaration, n in no order.

    Attributes:
        clause: its number in `Clauses`.
        delivery, correction, outcome, reward, previous, closed, accepted, shown: (n,), the last six
            as in `Observations`.
        terms: by event type (n,).
        before: by event type (n,), the terms that a correction replaces; empty where nobody asks.
    """

    clause: int
    delivery: Integers
    correction: Integers
    outcome: Integers
    reward: Integers
    previous: Integers
    closed: Integers
    accepted: Integers
    shown: Integers
    terms: dict[str, Integers]
    before: dict[str, Integers]

    def then(self, more: Rows) -> Rows:
        """These rows and `more` of the same declaration."""
        return Rows(
            self.clause,
            np.concatenate([self.delivery, more.delivery]),
            np.concatenate([self.correction, more.correction]),
            np.concatenate([self.outcome, more.outcome]),
            np.concatenate([self.reward, more.reward]),
            np.concatenate([self.previous, more.previous]),
            np.concatenate([self.closed, more.closed]),
            np.concatenate([self.accepted, more.accepted]),
            np.concatenate([self.shown, more.shown]),
            {name: np.concatenate([one, more.terms[name]]) for name, one in self.terms.items()},
            {name: np.concatenate([one, more.before[name]]) for name, one in self.before.items()},
        )

    def count_first(self, tally: Tally, bandit: int) -> None:
        """Counts the deliveries that end by their first observation here."""
        ended = np.bincount(self.outcome[self.correction == 0], minlength=len(Outcome))
        move(tally, bandit, ended)


def move(tally: Tally, bandit: int, ended: Integers) -> None:
    """Adds `ended` (by outcome) to how many deliveries of a bandit ended how."""
    for outcome in Outcome:
        tally.add_many(
            f"deliveries_{outcome.name.lower()}", np.array([bandit]), ended[[outcome.value]]
        )


def replaced(
    reward: Reward, terms: Mapping[str, Integers], steps: Integers, none: NDArray[np.bool_]
) -> dict[str, Integers]:
    """`before` of n rows: `terms` at `steps` (n,), and 0 where nothing is replaced, `none` (n,)."""
    if not reward.by_term:
        return {}
    return {name: np.where(none, 0, column[steps]) for name, column in terms.items()}


def newest(times: Integers, owner: Integers) -> Integers:
    """The largest of `times` (n,) so far, for each owner (n,), rising, by itself."""
    order = np.argsort(times, kind="stable")
    rank = np.empty(len(times), dtype=np.int64)
    rank[order] = np.arange(len(times))
    reached = np.maximum.accumulate(rank + owner * len(times)) - owner * len(times)
    newest: Integers = times[order][reached]
    return newest
