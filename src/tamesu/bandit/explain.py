"""A decision of a bandit in memory made again, in its user's names of the arms.

Refuses decisions that the bandit did not make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.bandit.decisions import Decision
from tamesu.bandit.memory import Memory
from tamesu.bandit.naming import ArmId, arm_key, keys_of
from tamesu.policy import Choice, Explanation, explain


def explained(memory: Memory, labels: Mapping[str, ArmId], decision: Decision) -> Explanation:
    """What was believed when `decision` was made, and the same decision made again.

    Raises:
        InvalidInput: a foreign decision.
        NotFound: the state that made it is kept no more.
    """
    memory.refuse_foreign(decision.number, decision.decision_id)
    standing = memory.recent.find(decision.number)
    told = explain(
        policy=memory.policy,
        state=standing.state,
        prepared=memory.policy.prepare(*standing),
        time=standing.time,
        decision_id=decision.decision_id,
        eligible=keys_of(decision.eligible),
        delivered=Choice(
            tuple([arm_key(arm) for arm in decision.arms]),
            decision.propensities,
            decision.scores,
            decision.draws,
        ),
        context=decision.context,
    )
    again = {"arms": tuple([labels.get(arm, arm) for arm in told.again.arms])}
    rows = [{"arm": labels[row.arm]} for row in told.arms]
    return msgspec.structs.replace(
        told,
        again=_replaced(told.again, again),
        arms=tuple([_replaced(*pair) for pair in zip(told.arms, rows, strict=True)]),
    )


def _replaced(struct: Any, fields: Mapping[str, Any]) -> Any:
    return msgspec.structs.replace(struct, **fields)
