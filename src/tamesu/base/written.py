"""A declaration as people write it: short forms on the way in, and a reward on the way out.

The same shape in YAML, JSON, HTTP and Python. Refuses unknown keys by name, and to fill in or judge
anything: `Declaration` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.arm import Arm, check_number, long_arm
from tamesu.base.clauses import OFF, RANDOM, Batch, Forgetting, Newcomer, Sticky
from tamesu.base.errors import InvalidDeclaration
from tamesu.base.feature import read_schema
from tamesu.base.objectives import Objectives, rewarded
from tamesu.base.reward import Reward
from tamesu.base.shapes import convert, fields_of, is_mapping, is_sequence, plain, refuse_unknown
from tamesu.base.slots import combined, long_slots
from tamesu.base.times import Duration


class WrittenPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it learns and chooses, every short form made long."""

    belief: dict[str, Any]
    explorer: dict[str, Any]
    newcomer: Newcomer | None = None
    forgetting: Forgetting | None = None


class _Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window that ends `gap` after the newest event that counted, and `cap` after the anchor."""

    gap: Duration
    cap: Duration


SCHEMAS = ("context", "arm_features")
"""Clauses that are schemas of features."""

EXPLORERS = {
    "linear": "randomized_ucb",
    "logistic": "randomized_ucb",
    "losses": "exponential_weights",
}
"""The explorer of a belief whose declaration names none; thompson of any other belief."""

_OBJECTIVES = ("objectives", "scalarise")
_WRITTEN_REWARD = (
    *(name for name in fields_of(Reward) if name not in ("gap", "by_term")),
    *_OBJECTIVES,
)


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A declaration as it is written, every short form made long; nothing is filled in or judged."""

    name: str
    arms: tuple[Arm, ...]
    layout: dict[str, Any]
    policy: WrittenPolicy
    reward: Reward
    description: str = ""
    batch: Batch = Batch()
    seed: int | None = None
    fallback: tuple[str, ...] | None = None
    sticky: Sticky | None = None
    objectives: Objectives | None = None
    context: dict[str, Any] = {}
    arm_features: dict[str, Any] = {}
    interactions: tuple[tuple[str, str], ...] = ()
    slots: dict[str, tuple[str, ...]] = {}
    pairwise: bool = False
    infeasible: tuple[dict[str, str], ...] = ()


def read(data: Mapping[str, Any]) -> Written:
    """What plain data (from JSON, YAML or keywords) spells out.

    Raises:
        InvalidDeclaration: an unknown key, named with the close match, or a wrong type.
    """
    if not is_mapping(data):
        raise InvalidDeclaration(f"a declaration must be a mapping, got {type(data).__name__}")
    if is_sequence(data.get("arms")):
        check_number(data["arms"])
    if is_mapping(data.get("reward")):
        _refuse_unknown_of_a_reward(data["reward"])
        data, wanted = _apart(data)
    else:
        wanted = None
    refuse_unknown(data, Written, "the declaration", InvalidDeclaration)
    long = {**data, **(_long_arms(data) if data.get("slots") is None else long_slots(data))}
    long["layout"] = _long_part(long.get("layout", "single"), "layout")
    long["policy"] = _long_policy(data)
    long["reward"] = _long_reward(data.get("reward"))
    if data.get("fallback") == RANDOM:
        long["fallback"] = None
    schemas = {name: long.pop(name) for name in SCHEMAS if long.get(name) is not None}
    written = convert(long, Written, "the declaration")
    if wanted is not None:
        reward = rewarded(written.reward, wanted, "reward")
        written = msgspec.structs.replace(written, reward=reward, objectives=wanted)
    features = {name: read_schema(schema, name) for name, schema in schemas.items()}
    if data.get("slots") is not None:
        features |= combined(written.slots, written.infeasible)
    return msgspec.structs.replace(written, **features)


def _long_part(data: Any, where: str) -> dict[str, Any]:
    """`thompson` is short for `{kind: thompson}`."""
    if isinstance(data, str):
        return {"kind": data}
    if not is_mapping(data) or not isinstance(data.get("kind"), str):
        raise InvalidDeclaration(f"{where} must be a name or a mapping with 'kind', got {data!r}")
    return dict(data)


def _long_arms(data: Mapping[str, Any]) -> dict[str, Any]:
    arms = data.get("arms")
    if not is_sequence(arms):
        raise InvalidDeclaration(
            f"arms must be a list of ids, got {type(arms).__name__}",
            hint="for example  arms: [a, b, c]",
        )
    return {"arms": [long_arm(arm) for arm in arms]}


def default_belief(data: Mapping[str, Any]) -> str:
    """The belief of a declaration that names none: one that learns from features, where there are any."""
    return "linear" if any(data.get(name) for name in (*SCHEMAS, "slots")) else "beta"


def default_explorer(data: Mapping[str, Any]) -> str:
    """The explorer of a declaration that names none: what goes best with its belief."""
    if data.get("slots"):
        return "thompson"
    policy = data.get("policy")
    belief = policy.get("belief") if is_mapping(policy) else None
    kind = belief.get("kind") if is_mapping(belief) else belief
    return EXPLORERS.get(str(kind or default_belief(data)), "thompson")


def _long_policy(data: Mapping[str, Any]) -> Any:
    policy: Any = data.get("policy")
    policy = {} if policy is None else policy
    if not is_mapping(policy):
        raise InvalidDeclaration(f"policy must be a mapping, got {type(policy).__name__}")
    defaults = {"belief": default_belief(data), "explorer": default_explorer(data)}
    written: dict[str, Any] = {**defaults, **policy}
    for key in ("belief", "explorer"):
        written[key] = _long_part(written[key], f"policy.{key}")
    if data.get("slots") and written["belief"]["kind"] in EXPLORERS:
        written["belief"].setdefault("sharing", "shared")
    for key, names, example in (
        ("newcomer", "share and until", "{share: 0.2, until: 20}"),
        ("forgetting", "half_life", "{half_life: 30d}"),
    ):
        clause = written.get(key)
        written[key] = _long_or_off(clause, f"policy.{key}", names, f"{key}: {example}")
    return written


def _long_or_off(clause: Any, where: str, names: str, example: str) -> Any:
    """`off`, which YAML reads as false, is none."""
    if clause is None or clause is False or clause == OFF:
        return None
    if not is_mapping(clause):
        raise InvalidDeclaration(
            f"{where} must be off or a mapping with {names}, got {clause!r}",
            hint=f"for example  {example}",
        )
    return clause


def _refuse_unknown_of_a_reward(reward: Mapping[str, Any]) -> None:
    """`gap` is a field of `Reward`, and of a window as it is written."""
    for name in reward:
        if name not in _WRITTEN_REWARD:
            where = "the declaration.reward"
            raise InvalidDeclaration.unknown_field(str(name), _WRITTEN_REWARD, where)


def _long_reward(reward: Any) -> Any:
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


def _apart(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Objectives | None]:
    """A declaration without the objectives of its reward, and those; none where it has events.

    Raises:
        InvalidDeclaration: both, `scalarise` alone, or what no objectives can be.
    """
    reward: Mapping[str, Any] = data["reward"]
    wanted = {name: reward[name] for name in _OBJECTIVES if name in reward}
    if not wanted:
        return data, None
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
    rest = {name: value for name, value in reward.items() if name not in wanted}
    return {**data, "reward": rest}, convert(wanted, Objectives, "reward")


def short_reward(reward: Reward, objectives: Objectives | None = None) -> dict[str, Any]:
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
        return short
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
