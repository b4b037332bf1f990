"""A decision made again, by the snapshot that made it and with the code that serves; as plain data.

Refuses to look for anything: decision, declaration, snapshot and roster are arguments.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Decision, InvalidInput, Roster, Snapshot
from tamesu.policy import Choice, Explanation, Policy, explain
from tamesu.ports import Declared
from tamesu.serve.core.hot import heat


def make_again(
    decision: Decision, declared: Declared, snapshot: Snapshot | None, roster: Roster
) -> Explanation | None:
    """The decision made again; none if its snapshot cannot be read, or its context fits no more."""
    hot = heat(declared, snapshot, roster)
    if hot.broken and not decision.fallback:
        return None
    try:
        context = columns_of(decision, hot.policy)
    except InvalidInput:
        return None  # no server records such a one; a log may hold it all the same
    return explain(
        policy=hot.policy,
        state=hot.state,
        prepared=hot.fallback if decision.fallback else hot.prepared,
        time=hot.time,
        decision_id=decision.decision_id,
        eligible=decision.eligible,
        delivered=Choice(
            tuple([delivery.arm for delivery in decision.deliveries]),
            tuple([delivery.propensity for delivery in decision.deliveries]),
            tuple([delivery.score for delivery in decision.deliveries]),
            decision.draws,
        ),
        context=context,
        features=hot.features,
    )


def columns_of(decision: Decision, policy: Policy) -> NDArray[np.float64] | None:
    """(d,) what `policy` makes of the context of one of its decisions; none where it asks for none.

    Nor does a fallback, which may have answered because there was none.
    """
    if decision.fallback or not (policy.contextual and policy.encoder.width):
        return None
    return policy.encoder.context(decision.context)


def told_snapshot(
    decision: Decision, declared: Declared, snapshot: Snapshot | None
) -> dict[str, Any]:
    """What is known of the snapshot that decided; version 0 is the prior."""
    known: dict[str, Any] = {"version": decision.snapshot}
    if snapshot is not None:
        known |= {
            "created": snapshot.created.text(),
            "watermark": snapshot.watermark.text(),
            "observations": snapshot.observations,
            "roster": snapshot.roster,
        }
    elif not decision.snapshot:
        known |= {
            "created": declared.created.text(),
            "watermark": None,
            "observations": 0,
            "roster": 0,
        }
    return known


def told_again(decision: Decision, made: Explanation | None) -> dict[str, Any]:
    """How it went the second time."""
    if made is None:
        return {
            "same": None,
            "difference": None,
            "deliveries": [],
            "figures": {},
            "why": f"snapshot {decision.snapshot} is no longer kept or cannot be read, or the context does not fit",
        }
    again = made.again
    return {
        "same": made.same,
        "difference": made.difference,
        "deliveries": [
            {"position": position, "arm": arm, "propensity": propensity, "score": score}
            for position, (arm, propensity, score) in enumerate(
                zip(again.arms, again.propensities, again.scores, strict=True)
            )
        ],
        "figures": made.figures,
        "why": None,
    }


def told_arms(made: Explanation | None, active: Collection[str]) -> list[dict[str, Any]]:
    """What was believed of each arm, and whether it is active now."""
    if made is None:
        return []
    return [{**msgspec.structs.asdict(arm), "active": arm.arm in active} for arm in made.arms]
