"""What one line of `dsjson` says: of a decision, or of a reward whose decision is not in the log.

Refuses lines of other problems (several slots, continuous actions), and ones that contradict themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import msgspec

from tamesu.base import InvalidInput
from tamesu.base.errors import listing
from tamesu.evaluate.contrast import are_others

_MULTI = "_multi"
_OTHERS = ("_outcomes", "_label_ca", "_slots")
"""Of other problems."""

_ROUNDED = 1e-3
"""By so much a distribution may miss a sum of 1: it was often written in single precision, arm by arm."""


class Written(msgspec.Struct, frozen=True):
    """The fields of a line that are looked at."""

    cost: float | None = msgspec.field(name="_label_cost", default=None)
    probability: float | None = msgspec.field(name="_label_probability", default=None)
    action: int | None = msgspec.field(name="_label_Action", default=None)
    index: int | None = msgspec.field(name="_labelIndex", default=None)
    is_skipped: bool = msgspec.field(name="_skipLearn", default=False)
    pdrop: float = 0.0
    stamp: str | None = msgspec.field(name="Timestamp", default=None)
    id: str | None = msgspec.field(name="EventId", default=None)
    actions: list[int] | None = msgspec.field(name="a", default=None)
    probabilities: list[float] | None = msgspec.field(name="p", default=None)
    context: dict[str, msgspec.Raw] | None = msgspec.field(name="c", default=None)
    dangling: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        name="RewardValue", default=msgspec.UNSET
    )
    outcomes: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        name="_outcomes", default=msgspec.UNSET
    )
    continuous: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        name="_label_ca", default=msgspec.UNSET
    )


class Line(NamedTuple):
    """What a line says of one decision.

    Attributes:
        id: of it, where it has one.
        stamp: when, likewise.
        multi: what it chose from, as it is written.
        chosen: the place of the chosen one among them.
        reward: minus its cost; none where it is not known yet.
        propensity: with which it was chosen.
        shown: whether anybody saw it.
        pdrop: with what probability it would not be in the log.
        shared: what is known before deciding, by name, as it is written.
    """

    id: str | None
    stamp: str | None
    multi: bytes
    chosen: int
    reward: float | None
    propensity: float
    shown: bool
    pdrop: float
    shared: dict[str, msgspec.Raw]


_LINE: msgspec.json.Decoder[Written] = msgspec.json.Decoder(Written)


def line_of(text: bytes | str, many: Callable[[bytes], int]) -> Line | None:
    """What the line says; none of one that says a reward alone.

    Args:
        text: one JSON object.
        many: gives how many actions a list, as it is written, has.

    Raises:
        InvalidInput: a line that is no such line.
    """
    try:
        written = _LINE.decode(text)
        if written.context is None and written.dangling is not msgspec.UNSET:
            return None
        other = _others(written)
        if other:
            raise InvalidInput(
                f"a decision must choose one action of a list, got {listing(other)}",
                hint="logs of slots and of continuous actions are not read",
            )
        shared = dict(written.context or {})
        if _MULTI not in shared:
            raise InvalidInput("a decision must say what it chose from, got no _multi in c")
        multi = bytes(shared.pop(_MULTI))
        among = many(multi)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
        raise InvalidInput(f"it must be dsjson, got {problem}") from problem
    if not 0.0 <= written.pdrop < 1.0:
        raise InvalidInput(f"pdrop must lie in [0, 1), got {written.pdrop:g}")
    chosen = _chosen(written, among)
    return Line(
        id=written.id,
        stamp=written.stamp,
        multi=multi,
        chosen=chosen,
        reward=None if written.cost is None else 0.0 - written.cost,
        propensity=_propensity(written, chosen, among),
        shown=not written.is_skipped,
        pdrop=written.pdrop,
        shared=shared,
    )


def _others(written: Written) -> list[str]:
    has = {
        "_outcomes": written.outcomes is not msgspec.UNSET,
        "_label_ca": written.continuous is not msgspec.UNSET,
        "_slots": "_slots" in (written.context or {}),
    }
    return [name for name in _OTHERS if has[name]]


def _chosen(written: Written, among: int) -> int:
    """The place of what was chosen, from 0.

    `_labelIndex` and `_label_Action` say it, from 0 and from 1; else it is the first of `a`.
    """
    said = {
        "_labelIndex": written.index,
        "_label_Action": None if written.action is None else written.action - 1,
    }
    places = {one for one in said.values() if one is not None}
    if not places and written.actions:
        places = {written.actions[0] - _first(written.actions)}
    if len(places) != 1:
        raise InvalidInput(
            "a decision must say what it chose, got no _labelIndex, no _label_Action and no a"
            if not places
            else f"_labelIndex must be _label_Action - 1, got {written.index} and {written.action}"
        )
    chosen = places.pop()
    if not 0 <= chosen < among:
        raise InvalidInput(f"what was chosen must be one of {among}, got {chosen + 1}")
    return chosen


def _propensity(written: Written, chosen: int, among: int) -> float:
    """Of what was chosen: what `p` says, else `_label_probability`; they must not contradict each other."""
    told, given, actions = written.probability, written.probabilities, written.actions
    found = told
    if given and actions is None:
        raise InvalidInput("p must stand beside a, which says whose probabilities these are")
    if given and actions is not None:
        if len(given) != len(actions) or len(set(actions)) != len(actions):
            raise InvalidInput(
                f"p must have a probability for each of a, got {len(given)} for {len(actions)}"
            )
        places = [one - _first(actions) for one in actions]
        if chosen not in places or not all(0 <= one < among for one in places):
            raise InvalidInput(f"a must order {among} actions, the chosen one among them")
        if len(given) > 1 and len(given) == among and not abs(sum(given) - 1.0) <= _ROUNDED:
            raise InvalidInput(f"p must sum to 1, got {sum(given):g}")
        found = given[places.index(chosen)]
        # Some writers multiply in the share of decisions that were kept.
        meant = (found, found * (1.0 - written.pdrop))
        if told is not None and all(are_others(told, one) for one in meant):
            raise InvalidInput(
                f"_label_probability must be that of what was chosen, got {told:g} and {found:g} in p"
            )
    if found is None:
        raise InvalidInput(
            "a decision must say how likely it was, got no p and no _label_probability",
            hint="without the probability of what was chosen no other policy can be judged",
        )
    if not 0.0 < found <= 1.0:
        raise InvalidInput(
            f"propensities must lie in (0, 1], got {found:g}",
            hint="it is the probability with which the chosen action was chosen",
        )
    return found


def _first(actions: list[int]) -> int:
    """What actions are counted from: 1, and by some from 0."""
    return 0 if 0 in actions else 1


def named(action: Any) -> str | None:
    """What an action is called; none where it has no name of its own.

    Raises:
        InvalidInput: a name that is neither text nor a number.
    """
    if not isinstance(action, dict):
        return None
    fields = cast("dict[str, Any]", action)
    name = fields.get("_tag", fields.get("id"))
    if name is not None and not isinstance(name, str | int | float):
        raise InvalidInput(
            f"an action's name must be a text or a number, got {type(name).__name__}"
        )
    return None if name is None else str(name)
