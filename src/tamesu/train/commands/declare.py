"""The kind `declare`: a bandit declared anew, under the next number.

What was learnt stays where the new policy means the same by it; else the bandit starts anew, or from
what the archive has, warmed up. Its arms become the declaration's. Refuses a declaration that was made for another
than the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from tamesu.base import (
    Conflict,
    Declaration,
    InvalidInput,
    Outdated,
    Status,
    TamesuError,
    convert,
)
from tamesu.policy import State, compose, same_part
from tamesu.train.commands.lifecycle import refuse_deleted
from tamesu.train.commands.past import Past
from tamesu.train.commands.standing import Moment, Standing
from tamesu.train.lesson import Learnt, prior


class _Declare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    declaration: dict[str, Any]
    number: int
    warm: bool = False


def parse(data: Any) -> dict[str, Any]:
    """`{declaration, number, warm}` out of what a person sent, the declaration's defaults spelt out.

    `number` is the one that the change was made for: the newest, or nothing is changed.

    Raises:
        InvalidDeclaration: the declaration cannot be.
        InvalidInput: the rest cannot.
    """
    body = convert(data, _Declare, "the body", InvalidInput)
    declaration = Declaration.parse(body.declaration)
    compose(declaration).check()
    return {"declaration": declaration.plain(), "number": body.number, "warm": body.warm}


def apply(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit under its next declaration; the same where it and the arms are so already.

    A seed that is not given stays. Told: `number`, `state` (kept, new, warm), and what became of
    the arms.

    Raises:
        NotFound: it is deleted.
        Conflict: it does not learn.
        Outdated: the change was made for another declaration than the newest.
        InvalidInput: a declaration of another bandit.
    """
    refuse_deleted(before)
    name, old = before.declaration.name, before.declaration
    if before.number != body["number"]:
        raise Outdated.declaration(name, body["number"], before.number)
    if before.status is not Status.LEARNING:
        raise Conflict(
            f"bandit {name!r} must learn to be declared anew, it is {before.status.value}",
            hint=f"resume it first:  tamesu bandit resume {name}",
        )
    new = _seeded(Declaration.parse(body["declaration"]), old)
    if new.name != name:
        raise InvalidInput(
            f"the declaration must be of bandit {name!r}, got one of {new.name!r}",
            hint="a bandit keeps its name; create another one",
        )
    policy = compose(new)
    roster, changed = before.roster.declared(new, at.now)
    if new == old and not any(changed):
        return before, {"number": before.number, "state": "kept", **changed._asdict()}
    number = before.number + 1
    after = replace(before, declaration=new, policy=policy, roster=roster)
    told: dict[str, Any] = {"number": number, "state": "kept", **changed._asdict()}
    if keeps_state(old, new):
        kept = after.becomes(Status.LEARNING, before.learnt, None)
        return kept.said(declaration=number), told
    if body["warm"]:
        warm = past.warm_up(new)
        told |= {"state": "warm", "observations": warm.observations, "left_out": warm.left_out}
        return _anew(after, number, at, warm.state, warm.observations), told
    return _anew(after, number, at), {**told, "state": "new"}


def warms_up(before: Standing, body: dict[str, Any]) -> Declaration | None:
    """The declaration for which `apply` will ask the past to warm up, none where it will not.

    Making it may take longer than a trainer can be away, so that it is made beforehand.
    """
    if not body.get("warm") or body.get("number") != before.number:
        return None
    try:
        new = _seeded(Declaration.parse(body["declaration"]), before.declaration)
        return None if keeps_state(before.declaration, new) else new
    except (TamesuError, KeyError):
        return None


def keeps_state(old: Declaration, new: Declaration) -> bool:
    """Whether what was learnt under `old` means the same under `new`.

    It does where the belief is the same, kind and options, forgets and clips as before, the layout has
    as many of it and takes the same for examined, features, where it learns from them, become the
    same columns, and what deliveries come to by objectives, or as a surrogate, is the same.
    """
    policies = compose(old), compose(new)
    beliefs = [len(policy.init().parts) for policy in policies]
    return (
        same_part("belief", old.belief, new.belief)
        and old.forgetting == new.forgetting
        and policies[0].bounds == policies[1].bounds
        and old.layout.kind == new.layout.kind
        and beliefs[0] == beliefs[1]
        and _examined(old) == _examined(new)
        and _wanted(old) == _wanted(new)
        and (new.surrogate is old.surrogate is None or _worth(old) == _worth(new))
        and (not policies[0].contextual or _columns(old) == _columns(new))
    )


def _examined(declaration: Declaration) -> tuple[object, ...] | None:
    """What decides which deliveries are learnt from, in a layout that leaves some out."""
    examination = declaration.layout.options.get("examination")
    return None if examination is None else (tuple(examination), declaration.reward.default)


def _wanted(declaration: Declaration) -> tuple[object, ...] | None:
    """What is learnt of objectives; how those that are learnt apart are weighed is another matter."""
    aims = declaration.aims
    if aims is None:
        return None
    terms = _worth(declaration)
    return (aims.names, aims.types, aims.ranges, terms) if aims.are_apart else (terms,)


def _worth(declaration: Declaration) -> dict[str, object]:
    """What each event is worth; a reward that stands for a later value is fitted to that."""
    return {
        name: (term.weight, term.aggregate, term.cap)
        for name, term in declaration.reward.events.items()
    }


def _columns(declaration: Declaration) -> tuple[object, ...]:
    """What decides which columns features become; their order does."""
    schemas = declaration.context, declaration.arm_features
    return (*(tuple(schema.items()) for schema in schemas), declaration.interacting)


def _seeded(new: Declaration, old: Declaration) -> Declaration:
    return new if old.seed is None else new.with_seed(old.seed)


def _anew(
    standing: Standing, number: int, at: Moment, state: State | None = None, observations: int = 0
) -> Standing:
    """`standing` with a state of its own, that learns from declaration `number` on."""
    policy = standing.policy
    first = prior(standing.declaration.name, number, policy, at.now)
    state = first.state if state is None else state
    snapshot = msgspec.structs.replace(
        first.snapshot,
        state=policy.encode(state),
        observations=observations,
        watermark=at.known,
    )
    begun = standing.becomes(Status.LEARNING, Learnt(state, snapshot), None)
    return begun.said(declaration=number, learns_from=number)
