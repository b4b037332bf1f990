"""The kind `arms`: arms added, changed, revived or retired.

The state stays as it is: what a retired arm has learnt waits there for its return, and events of its
deliveries still count; a new arm starts from the prior. Refuses to leave fewer arms than a decision
delivers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tamesu.base import ArmsChange, InvalidInput, Roster, plain
from tamesu.policy import Policy
from tamesu.train.commands.lifecycle import refuse_deleted
from tamesu.train.commands.past import Past
from tamesu.train.commands.standing import Moment, Standing


def parse(data: Any) -> dict[str, Any]:
    """The command's body out of what a person sent.

    Raises:
        InvalidInput: it can be no change of any roster.
    """
    body: dict[str, Any] = plain(ArmsChange.parse(data))
    return body


def apply(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit with its arms changed, and `{added, changed, revived, retired}`: how many.

    Raises:
        NotFound: it is deleted.
        InvalidInput: the features of an arm are not those that the declaration asks for.
        TamesuError: it does not fit the roster at hand; see `tamesu.base.Roster.changed`.
    """
    del past
    refuse_deleted(before)
    change = ArmsChange.parse(body)
    roster, changed = before.roster.changed(change, at.now, before.policy.size)
    if before.policy.combiner is None:
        _check_features(change, roster, before.policy)
    else:
        before.policy.combiner.refuse(roster.ids, roster.bandit)
    told = dict(changed._asdict())
    return (before if roster is before.roster else replace(before, roster=roster)), told


def _check_features(change: ArmsChange, roster: Roster, policy: Policy) -> None:
    """Refuses an arm of `change` that does not tell of itself, in `roster`, what `policy` asks for."""
    told = roster.features
    for arm in change.wanted:
        try:
            policy.encoder.arms([told[arm.id]])
        except InvalidInput as problem:
            raise InvalidInput(
                f"the features of arm {arm.id!r} must fit arm_features: {problem.message}",
                hint=problem.hint,
                arm=arm.id,
            ) from problem
