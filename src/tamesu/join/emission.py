"""Rows as `Observations`: the columns that trainers and archives take.

Refuses to judge: what is due, and what it is worth, comes decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Decision, Observations
from tamesu.base.observations import EXACT
from tamesu.join.clauses import Clauses
from tamesu.join.settled import Rows
from tamesu.join.state import State


def observations_of(state: State, clauses: Clauses, settled: Sequence[Rows]) -> list[Observations]:
    """One batch per bandit and declaration, by name and number.

    Rows are in the order of (closed, partition, first offset of the decision id, place in the
    decision, correction): the same for any batching of the log that made them due together.
    """
    some = [rows for rows in settled if len(rows.delivery)]
    some.sort(key=lambda rows: clauses.names[rows.clause])
    return [_batch(state, clauses, rows) for rows in some]


def _batch(state: State, clauses: Clauses, rows: Rows) -> Observations:
    bandit, declaration = clauses.names[rows.clause]
    funnels, deliveries = state.funnels, state.placing.deliveries
    funnel = deliveries.funnel[rows.delivery]
    order = np.lexsort(
        (
            rows.correction,
            deliveries.place[rows.delivery],
            funnels.first_offset[funnel],
            funnels.partition[funnel],
            rows.closed,
        )
    )
    delivery, funnel = rows.delivery[order], funnel[order]
    decisions = cast("list[Decision]", funnels.decision[funnel].tolist())
    places: list[int] = deliveries.place[delivery].tolist()
    delivered = [
        decision.deliveries[place] for decision, place in zip(decisions, places, strict=True)
    ]
    return Observations(
        bandit=bandit,
        declaration=declaration,
        decision_id=funnels.key[funnel],
        position=_integers(delivered, "position"),
        correction=rows.correction[order],
        experiment=_objects(decisions, "experiment"),
        variant=_objects(decisions, "variant"),
        unit=_objects(decisions, "unit"),
        arm=_objects(delivered, "arm"),
        context=_objects(decisions, "context"),
        features=_objects(delivered, "features"),
        eligible=_objects(decisions, "eligible"),
        propensity=_numbers(delivered, "propensity"),
        score=_numbers(delivered, "score"),
        draws=np.array(
            [EXACT if one.draws is None else one.draws for one in decisions], dtype=np.int64
        ),
        fallback=np.array([one.fallback for one in decisions], dtype=np.bool_),
        outcome=rows.outcome[order],
        reward=rows.reward[order],
        previous_reward=rows.previous[order],
        terms={name: column[order] for name, column in rows.terms.items()},
        decided=funnels.decided[funnel],
        shown=rows.shown[order],
        closed=rows.closed[order],
        accepted=rows.accepted[order],
        snapshot=_integers(decisions, "snapshot"),
        absorbed=np.zeros(len(order), dtype=np.int64),
        previous_terms={name: column[order] for name, column in rows.before.items()},
    )


def _objects(records: Sequence[object], name: str) -> NDArray[np.object_]:
    """A field of each record as it is, also where NumPy would take it apart."""
    return np.fromiter(map(attrgetter(name), records), dtype=np.object_, count=len(records))


def _integers(records: Sequence[object], name: str) -> NDArray[np.int64]:
    return np.fromiter(map(attrgetter(name), records), dtype=np.int64, count=len(records))


def _numbers(records: Sequence[object], name: str) -> NDArray[np.float64]:
    return np.fromiter(map(attrgetter(name), records), dtype=np.float64, count=len(records))
