"""Sums of observations: by the hour of the decision and by arm, how often and with how much reward.

They add up, exactly and in any order, corrections as differences, and where a belief asks for nothing
but how many ones and zeros each arm had, its whole state is made from them: by another way than the
trainer's. Refuses rows of a fallback, which teach nothing: they are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Declaration, Observations, Outcome, Sum, Time
from tamesu.base.observations import NO_REWARD
from tamesu.base.times import HOUR_US
from tamesu.policy import Batch, Policy, State
from tamesu.policy.table import Numbered

_LOW_BITS = 31
"""Rewards are summed in two halves, each of which cannot leave an int64."""

COUNTED_BELIEFS = frozenset({"beta"})
"""Kinds of beliefs that ask for nothing but ones and zeros."""

COUNTED_LAYOUTS = frozenset({"single", "slate", "cascade"})
"""Kinds of layouts under which every position that was examined teaches the same."""


def sums(observations: Observations) -> list[Sum]:
    """The sums of n rows, by hour and arm; none for no rows.

    Law: `added(sums(a ++ b)) = added(sums(a) ++ sums(b))`.
    """
    if not len(observations):
        return []
    arms, codes = Numbered.of(observations.arm)
    hours, hour_codes = np.unique(observations.decided // HOUR_US, return_inverse=True)
    groups = hour_codes * len(arms) + codes
    first, told = observations.correction == 0, ~observations.fallback
    new = told & (observations.outcome == Outcome.OBSERVED)
    old = told & ~first & (observations.previous_reward != NO_REWARD)

    def total(rows: NDArray[np.bool_], values: NDArray[np.int64] | int = 1) -> NDArray[np.int64]:
        sums_ = np.zeros(len(hours) * len(arms), np.int64)
        np.add.at(sums_, groups[rows], values if isinstance(values, int) else values[rows])
        return sums_

    def reward(rows: NDArray[np.bool_], values: NDArray[np.int64]) -> list[int]:
        high = total(rows, values >> _LOW_BITS).tolist()
        low = total(rows, values & ((1 << _LOW_BITS) - 1)).tolist()
        return [(one << _LOW_BITS) + other for one, other in zip(high, low, strict=True)]

    gained, lost = reward(new, observations.reward), reward(old, observations.previous_reward)
    columns = {
        "deliveries": total(first),
        "fallbacks": total(first & observations.fallback),
        "observed": total(new) - total(old),
        "corrections": total(~first),
    }
    present: list[int] = np.unique(groups).tolist()
    return [
        Sum(
            hour=Time(int(hours[group // len(arms)]) * HOUR_US),
            arm=arms[group % len(arms)],
            reward=gained[group] - lost[group],
            **{name: int(column[group]) for name, column in columns.items()},
        )
        for group in present
    ]


def added(parts: Iterable[Sum]) -> list[Sum]:
    """`parts` with those of one hour and arm added up, by hour and arm."""
    together: dict[tuple[Time, str], Sum] = {}
    for part in parts:
        key = part.hour, part.arm
        before = together.get(key)
        together[key] = part if before is None else before + part
    return [together[key] for key in sorted(together)]


def state_of(policy: Policy, by_arm: Mapping[str, Sum]) -> State:
    """The state that has learnt what `by_arm` sums up.

    Only for a declaration that `is_counted`, all of whose rewards are 0 or 1.
    """
    arms = list(by_arm)
    ones = [by_arm[arm].reward // GRID for arm in arms]
    zeros = [by_arm[arm].observed - one for arm, one in zip(arms, ones, strict=True)]
    n = 2 * len(arms)
    batch = Batch(
        arm=np.array([*arms, *arms], dtype=np.object_),
        reward=np.repeat(np.array([GRID, 0], dtype=np.int64), len(arms)),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        sign=np.array([*ones, *zeros], dtype=np.int64),
    )
    state = policy.init()
    return policy.absorb(state, policy.evidence(state, batch)) if n else state


def is_counted(declaration: Declaration) -> bool:
    """Whether a bandit's state is nothing but ones and zeros counted by arm."""
    return (
        declaration.belief.kind in COUNTED_BELIEFS
        and declaration.layout.kind in COUNTED_LAYOUTS
        and declaration.layout.options.get("examination") is None
        and declaration.forgetting is None
        and (declaration.aims is None or not declaration.aims.are_apart)
    )
