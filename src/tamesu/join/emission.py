"""Final deliveries as `Observations`: the columns that trainers and archives take.

Refuses to judge: what is final, and what counted, comes decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Decision, Observations, Outcome
from tamesu.base.observations import EXACT, NO_REWARD, NO_TIME
from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.placing import Final
from tamesu.join.state import State
from tamesu.join.terms import rewards_of


def observations_of(state: State, clauses: Clauses, final: Final) -> list[Observations]:
    """One batch per bandit and declaration, by name and number.

    Rows are in the order of (closed, partition, first offset of the decision id, place in the
    decision): the same for any batching of the log that made them final together.
    """
    rows = final.deliveries
    if not len(rows):
        return []
    funnels, deliveries = state.funnels, state.placing.deliveries
    funnel = deliveries.funnel[rows]
    clause = funnels.clause[funnel]
    order = np.lexsort(
        (
            deliveries.place[rows],
            funnels.first_offset[funnel],
            funnels.partition[funnel],
            deliveries.due[rows],
        )
    )
    rows, clause = rows[order], clause[order]
    owners = _places(rows, final.counted.owner)
    met = sorted(np.unique(clause).tolist(), key=clauses.names.__getitem__)
    batches: list[Observations] = []
    for number in met:
        mine = np.flatnonzero(clause == number)
        place = np.full(len(rows), -1, dtype=np.int64)
        place[mine] = np.arange(len(mine))
        events = np.flatnonzero(place[owners] >= 0)
        counted = final.counted.pick(events).at(place[owners[events]])
        batches.append(_batch(state, clauses, number, rows[mine], counted))
    return batches


def _places(rows: NDArray[np.int64], owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place in `rows` (n,), which are distinct, of each of `owners` (m,), which are among them."""
    order: NDArray[np.int64] = np.argsort(rows)
    return order[np.searchsorted(rows, owners, sorter=order)]


def _batch(
    state: State, clauses: Clauses, number: int, rows: NDArray[np.int64], counted: Placed
) -> Observations:
    bandit, declaration = clauses.names[number]
    funnels, deliveries = state.funnels, state.placing.deliveries
    count = len(rows)
    funnel = deliveries.funnel[rows]
    decisions = cast("list[Decision]", funnels.decision[funnel].tolist())
    places: list[int] = deliveries.place[rows].tolist()
    delivered = [
        decision.deliveries[place] for decision, place in zip(decisions, places, strict=True)
    ]
    reward, terms = rewards_of(
        clauses.rewards[number], count, counted.owner, counted.code - 1, counted.value
    )
    observed = deliveries.anchor[rows] != NO_TIME
    accepted = np.full(count, NO_TIME, dtype=np.int64)
    np.maximum.at(accepted, counted.owner, counted.received)
    return Observations(
        bandit=bandit,
        declaration=declaration,
        decision_id=funnels.key[funnel],
        position=_integers(delivered, "position"),
        correction=np.zeros(count, dtype=np.int64),
        experiment=_objects(decisions, "experiment"),
        variant=_objects(decisions, "variant"),
        unit=_objects(decisions, "unit"),
        arm=_objects(delivered, "arm"),
        context=_objects(decisions, "context"),
        eligible=_objects(decisions, "eligible"),
        propensity=_numbers(delivered, "propensity"),
        score=_numbers(delivered, "score"),
        draws=np.array(
            [EXACT if one.draws is None else one.draws for one in decisions], dtype=np.int64
        ),
        fallback=np.array([one.fallback for one in decisions], dtype=np.bool_),
        outcome=np.where(observed, np.int64(Outcome.OBSERVED), np.int64(Outcome.UNSHOWN)),
        reward=np.where(observed, reward, 0),
        previous_reward=np.full(count, NO_REWARD, dtype=np.int64),
        terms=terms,
        decided=funnels.decided[funnel],
        shown=deliveries.shown[rows],
        closed=deliveries.due[rows],
        accepted=accepted,
        snapshot=_integers(decisions, "snapshot"),
        absorbed=np.zeros(count, dtype=np.int64),
    )


def _objects(records: Sequence[object], name: str) -> NDArray[np.object_]:
    """A field of each record as it is, also where NumPy would take it apart."""
    return np.fromiter(map(attrgetter(name), records), dtype=np.object_, count=len(records))


def _integers(records: Sequence[object], name: str) -> NDArray[np.int64]:
    return np.fromiter(map(attrgetter(name), records), dtype=np.int64, count=len(records))


def _numbers(records: Sequence[object], name: str) -> NDArray[np.float64]:
    return np.fromiter(map(attrgetter(name), records), dtype=np.float64, count=len(records))
