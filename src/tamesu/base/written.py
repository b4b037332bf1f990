"""A declaration as people write it, its short forms made long.

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
from tamesu.base.shapes import convert, is_mapping, is_sequence, refuse_unknown
from tamesu.base.slots import combined, long_slots
from tamesu.base.surrogate import Surrogate
from tamesu.base.written_reward import ABOUT_REWARD, apart, long_reward


class WrittenPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it learns and chooses, every short form made long."""

    belief: dict[str, Any]
    explorer: dict[str, Any]
    newcomer: Newcomer | None = None
    forgetting: Forgetting | None = None


SCHEMAS = ("context", "arm_features")
"""Clauses that are schemas of features."""

EXPLORERS = {
    "linear": "randomized_ucb",
    "logistic": "randomized_ucb",
    "losses": "exponential_weights",
    "neural_linear": "randomized_ucb",
    "two_tower": "retrieve",
}
"""The explorer of a belief whose declaration names none; thompson of any other belief."""


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
    surrogate: Surrogate | None = None
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
    for name in ABOUT_REWARD:
        if name in data:
            raise InvalidDeclaration(f"{name} must stand under reward", hint="reward: {...}")
    reward, wanted, surrogate = apart(data.get("reward"))
    policy = _long_policy(data)
    data = {**data, "reward": reward} if "reward" in data else data
    refuse_unknown(data, Written, "the declaration", InvalidDeclaration)
    long = {**data, **(_long_arms(data) if data.get("slots") is None else long_slots(data))}
    long["layout"] = _long_part(long.get("layout", "single"), "layout")
    long["policy"] = policy
    long["reward"] = long_reward(reward)
    if data.get("fallback") == RANDOM:
        long["fallback"] = None
    schemas = {name: long.pop(name) for name in SCHEMAS if long.get(name) is not None}
    written = convert(long, Written, "the declaration")
    if wanted is not None:
        rewards = rewarded(written.reward, wanted, "reward")
        written = msgspec.structs.replace(written, reward=rewards, objectives=wanted)
    written = msgspec.structs.replace(written, surrogate=surrogate)
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
    """The belief of a declaration that names none.

    One that learns from features, where there are any; of several objectives one that learns any reward.
    """
    if any(data.get(name) for name in (*SCHEMAS, "slots")):
        return "linear"
    return "gaussian" if _objectives(data) else "beta"


def default_explorer(data: Mapping[str, Any]) -> str:
    """The explorer of a declaration that names none: what goes best with its belief."""
    scalarise = _objectives(data).get("scalarise")
    apart = (scalarise.get("kind") if is_mapping(scalarise) else scalarise) == "gini"
    if data.get("slots") or apart:
        return "thompson"
    policy = data.get("policy")
    belief = policy.get("belief") if is_mapping(policy) else None
    kind = belief.get("kind") if is_mapping(belief) else belief
    return EXPLORERS.get(str(kind or default_belief(data)), "thompson")


def _objectives(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reward of a declaration, if it has objectives; else nothing."""
    reward = data.get("reward")
    return reward if is_mapping(reward) and reward.get("objectives") else {}


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
