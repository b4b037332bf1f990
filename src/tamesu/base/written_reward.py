"""A reward as people write it: short forms on the way in, and short again on the way out.

Apart from the clauses that the join goes by stand here the objectives from which its events follow, and
what its weights were fitted to. Refuses unknown keys by name, and to judge what is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.errors import InvalidDeclaration
from tamesu.base.objectives import Objectives
from tamesu.base.reward import Reward
from tamesu.base.shapes import convert, fields_of, is_mapping, plain
from tamesu.base.surrogate import Surrogate
from tamesu.base.times import Duration


class _Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window that ends `gap` after the newest event that counted, and `cap` after the anchor."""

    gap: Duration
    cap: Duration


_OBJECTIVES = ("objectives", "scalarise")
_SURROGATE = "surrogate"

ABOUT_REWARD = (*_OBJECTIVES, _SURROGATE)
"""What is written under `reward` and is no clause of it."""

_WRITTEN_REWARD = (
    *(name for name in fields_of(Reward) if name not in ("gap", "by_term")),
    *ABOUT_REWARD,
)


def _refuse_unknown(reward: Mapping[str, Any]) -> None:
    """`gap` is a field of `Reward`, and of a window as it is written."""
    for name in reward:
        if name not in _WRITTEN_REWARD:
            where = "the declaration.reward"
            raise InvalidDeclaration.unknown_field(str(name), _WRITTEN_REWARD, where)


def long_reward(reward: Any) -> Any:
    """`click: 0.1` is short for `click: {weight: 0.1}`; a session's gap is a field of its own."""
    if not is_mapping(reward):
        return {} if reward is None else reward
    long = dict(reward)
    window = reward.get("window")
    if is_mapping(window):
        session = convert(window, _Session, "reward.window")
        long["window"], long["gap"] = session.cap.text(), session.gap.text()
    if is_mapping(reward.get("events")):
        long["events"] = _long_events(reward["events"])
    return long


def _long_events(events: Mapping[str, Any]) -> dict[str, Any]:
    """`click: 0.1` is short for `click: {weight: 0.1}`."""
    return {
        name: {"weight": term} if isinstance(term, int | float) else term
        for name, term in events.items()
    }


def _long_objective(objective: Any) -> Any:
    """`{click: 1}` is short for `{events: {click: 1}}`; a type named `events` is spelt out."""
    if not is_mapping(objective):
        return objective
    long = dict(objective) if is_mapping(objective.get("events")) else {"events": objective}
    return {**long, "events": _long_events(long["events"])}


def apart(reward: Any) -> tuple[Any, Objectives | None, Surrogate | None]:
    """The clauses of a written reward; its objectives and its surrogate, where it has them.

    Raises:
        InvalidDeclaration: an unknown key, both events and objectives, `scalarise` alone, a surrogate
            without events, or what is no objectives or no surrogate.
    """
    if not is_mapping(reward):
        return reward, None, None
    _refuse_unknown(reward)
    rest = {name: value for name, value in reward.items() if name not in ABOUT_REWARD}
    return rest, _objectives(reward), _surrogate(reward)


def _objectives(reward: Mapping[str, Any]) -> Objectives | None:
    wanted = {name: reward[name] for name in _OBJECTIVES if name in reward}
    if not wanted:
        return None
    if "events" in reward or "objectives" not in wanted:
        raise InvalidDeclaration(
            "reward must have either events or objectives; scalarise belongs to objectives",
            hint="for example  objectives: {clicks: {click: 1}, revenue: {purchase: 1}}",
        )
    if is_mapping(wanted["objectives"]):
        objectives: Mapping[str, Any] = wanted["objectives"]
        wanted["objectives"] = {name: _long_objective(one) for name, one in objectives.items()}
    if isinstance(wanted.get("scalarise"), str):
        wanted["scalarise"] = {"kind": wanted["scalarise"]}
    return convert(wanted, Objectives, "reward")


def _surrogate(reward: Mapping[str, Any]) -> Surrogate | None:
    if reward.get(_SURROGATE) is None:
        return None
    if "events" not in reward:
        raise InvalidDeclaration(
            "reward.surrogate says where the weights of reward.events come from, got no events",
            hint="with objectives, let the events of one of them have these weights",
        )
    return convert(reward[_SURROGATE], Surrogate, "reward.surrogate")


def short_reward(
    reward: Reward, objectives: Objectives | None = None, surrogate: Surrogate | None = None
) -> dict[str, Any]:
    """A reward as it is written; with objectives, from which its events follow, those."""
    short = {key: value for key, value in plain(reward).items() if value is not None}
    if reward.range is not None:
        short["range"] = list(reward.range)
    short.pop("by_term")
    if not reward.until_click:
        short.pop("examined", None)
    gap = short.pop("gap", None)
    if gap is not None:
        short["window"] = {"gap": gap, "cap": short["window"]}
    if objectives is None:
        short["events"] = _short_events(short["events"])
        return short if surrogate is None else {**short, _SURROGATE: plain(surrogate)}
    del short["events"]
    told = plain(objectives)
    short["objectives"] = {
        name: {
            "events": _short_events(one["events"]),
            **({} if one["range"] is None else {"range": list(one["range"])}),
        }
        for name, one in told["objectives"].items()
    }
    short["scalarise"] = told["scalarise"]
    return short


def _short_events(events: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Terms without a `within` that they do not have."""
    return {
        name: {key: value for key, value in term.items() if (key, value) != ("within", None)}
        for name, term in events.items()
    }
