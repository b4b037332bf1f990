"""`restated`: archived observations in the terms of another declaration, objective by objective.

A term says what the events of a type came to, times the weight that a declaration gave them; another weight
makes another number of the same events. Refuses to guess what an older declaration did not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Bug, Observations, Outcome, Reward
from tamesu.base.aims import snapped
from tamesu.base.grid import LARGEST, to_grid, to_grid_many
from tamesu.base.observations import NO_REWARD


def restated(rows: Observations, old: Reward | None, new: Reward) -> tuple[Observations, int]:
    """`rows`, made under the clauses `old`, as under `new`; and how many were left out.

    All are, where `old` is not known, or did not count a type of `new` in the same way: nobody knows then
    what an objective came to. Of a declaration that had no objectives corrections are, for they do not tell
    which terms they replace: such a delivery stays as it was first observed.
    """
    factors = None if old is None else _factors(old, new)
    if factors is None:
        none = np.zeros(len(rows), np.bool_)
        return rows.take(none), int(np.count_nonzero(rows.outcome == Outcome.OBSERVED))
    told = np.ones(len(rows), np.bool_)
    if not rows.previous_terms:
        told = (rows.correction == 0) | (rows.previous_reward == NO_REWARD)
    kept = rows.take(told)
    terms, before = (_times(each, factors, new) for each in (kept.terms, kept.previous_terms))
    observed, replaces = kept.outcome == Outcome.OBSERVED, kept.previous_reward != NO_REWARD
    return replace(
        kept,
        terms=terms,
        previous_terms=before,
        reward=np.where(observed, _summed(terms, len(kept), new), kept.reward),
        previous_reward=np.where(replaces, _summed(before, len(kept), new), NO_REWARD),
    ), int(np.count_nonzero(~told & (rows.outcome == Outcome.OBSERVED)))


def comparable(old: Reward, new: Reward) -> bool:
    """Whether what was rewarded by the clauses `old` can be told as `new` would have rewarded it.

    The same windows, from the same start, and every event type of `new` counted then in the same way: only what
    they are worth may be other. In a cascade nothing may, for what is examined depends on it.
    """
    if old.events == new.events and old.default == new.default:
        same_worth = True
    else:
        is_told = _factors(old, new) is not None and old.gap is None
        same_worth = is_told and not new.until_click
    spans = [
        (one.anchor, one.window, one.gap, one.within_us, one.unseen, one.examined)
        for one in (old, new)
    ]
    return (
        same_worth
        and spans[0] == spans[1]
        and all(old.events[name].within == term.within for name, term in new.events.items())
    )


def told_by(rows: Observations, old: Reward, new: Reward) -> NDArray[np.int64]:
    """(n,) rewards of `rows`, made under `old`, as `new` gives them; the two are `comparable`."""
    if old.events == new.events and old.default == new.default:
        return rows.reward
    factors = _factors(old, new)
    if factors is None:
        raise Bug("rewards must be comparable to be told by other clauses")
    reward = _summed(_times(rows.terms, factors, new), len(rows), new)
    return np.where(rows.outcome == Outcome.OBSERVED, reward, rows.reward)


def _factors(old: Reward, new: Reward) -> dict[str, float] | None:
    """By type of `new`, what a weight of `old` is to be multiplied by; none where that is not all."""
    factors: dict[str, float] = {}
    for type_, term in new.events.items():
        before = old.events.get(type_)
        alike = before is not None and (before.aggregate, before.cap) == (term.aggregate, term.cap)
        if before is None or not alike or before.weight == 0.0:
            return None
        factors[type_] = term.weight / before.weight
    return factors


def _summed(terms: Mapping[str, NDArray[np.int64]], n: int, reward: Reward) -> NDArray[np.int64]:
    """(n,) rewards that these terms come to; the default where no event counted for anything."""
    columns = np.array([*terms.values()], dtype=np.float64).reshape(len(terms), n)
    total = np.clip(columns.sum(axis=0), -LARGEST, LARGEST).astype(np.int64)
    return np.where(columns.any(axis=0), total, to_grid(reward.default))


def _times(
    terms: Mapping[str, NDArray[np.int64]], factors: Mapping[str, float], new: Reward
) -> dict[str, NDArray[np.int64]]:
    """Each term times its factor; where the values that it can have are listed, it is the one meant."""
    found: dict[str, NDArray[np.int64]] = {}
    for type_, column in terms.items():
        if type_ not in factors:
            continue
        found[type_], factor = column, factors[type_]
        if factor == 1.0:
            continue
        found[type_] = to_grid_many(column * factor / GRID)
        possible = Reward(events={type_: new.events[type_]}).possible()
        if possible is not None:
            meant = tuple(sorted({to_grid(value) for value in possible}))
            found[type_] = snapped(found[type_], meant, abs(factor) / 2 + 1)
    return found
