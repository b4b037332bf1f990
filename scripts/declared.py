"""The page of the reference on declarations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import msgspec
import reasons
from pieces import NOTE, meanings, spelt, table

from tamesu.base import Arm, Declaration, EventTerm, Reward
from tamesu.base.clauses import Newcomer
from tamesu.base.objectives import Objective, Scalarise
from tamesu.base.surrogate import Surrogate
from tamesu.policy.kinds import LEARNT, known_kinds

_UNSAID = {
    "reward.examined",
    "reward.impression_within",
    "policy.forgetting.half_life",
    "reward.range",
    "seed",
    "sticky.ttl",
    "context",
    "arm_features",
    "interactions",
    "slots",
    "pairwise",
    "infeasible",
}
"""Fields that a declaration has only where its team wrote them, or where they follow from others."""


def declaration() -> Iterator[str]:
    """Every field of a declaration."""
    yield from ["# A bandit, declared", "", NOTE, ""]
    yield "The same shape in YAML, JSON, over HTTP and in Python. An unknown key is refused by name."
    yield "`tamesu bandit check FILE` says what a declaration means, defaults spelt out."
    yield ""
    yield from table(("field", "default", "means", "why this default"), _declaration_rows())
    yield from ["", "## An arm, under `arms`", ""]
    yield from _struct(Arm, reasons.ARM)
    yield from ["", "## An event type, under `reward.events`", ""]
    yield "Its term of the reward is `weight × min(cap, aggregate)`; `click: 0.1` is short for"
    yield "`click: {weight: 0.1}`. The reward is the sum of the terms, or `default` if no event counted."
    yield ""
    yield from _struct(EventTerm, reasons.EVENT_TERM)
    yield from ["", "## An objective, under `reward.objectives`", ""]
    yield "Instead of `reward.events`, where more than one thing is wanted. Each objective is brought to"
    yield "[0, 1] by its range; the reward is their sum by the weights of `reward.scalarise`."
    yield ""
    yield from _struct(Objective, reasons.OBJECTIVE)
    yield from ["", "## `reward.scalarise`", ""]
    yield from _struct(Scalarise, reasons.SCALARISE)
    yield from ["", "## What a reward stands for, under `reward.surrogate`", ""]
    yield "Written by `tamesu learn surrogate`, beside the weights, caps and range that it fitted. Nothing"
    yield "is learnt from it; `bandit check` and `bandit show` tell it."
    yield ""
    yield from _struct(Surrogate, reasons.SURROGATE)
    for what in ("layout", "belief", "explorer"):
        for kind in known_kinds(what):
            yield from ["", f"## {what}: `{kind}`", ""]
            yield from _kind(what, kind)


def _declaration_rows() -> Iterator[tuple[str, ...]]:
    shortest = Declaration.parse({"name": "x", "arms": ["x"]})
    defaults = dict(_flat(shortest.plain()))
    means = {
        **meanings(Declaration),
        **{f"reward.{name}": text for name, text in meanings(Reward).items()},
        "policy.newcomer": _newcomer(),
        "policy.forgetting.half_life": "what was learnt of a decision counts half as much that much later",
        "sticky.ttl": "how long a unit gets the same decision again",
        "name": "how ids and requests call it: 1 to 63 of `a-z`, `0-9` and `-`",
        "seed": "64 bits; with a decision's id it fixes the draw",
        "batch.size": "observations that close a micro-batch",
        "batch.every": "time after which one closes, whichever is first",
        "description": "what the decision is about",
        "layout.kind": "how many arms a decision delivers",
        "policy.belief.kind": "what is thought of each arm",
        "policy.explorer.kind": "how that becomes a distribution",
    }
    fields = [name for name in reasons.DECLARATION if not name.startswith("reward.")]
    fields[fields.index("sticky.ttl") : fields.index("sticky.ttl")] = [
        f"reward.{field.encode_name}"
        for field in msgspec.structs.fields(Reward)
        # One is written as a part of the window, the other follows from objectives.
        if field.name not in ("gap", "by_term")
    ]
    known = {*_names(shortest.plain()), *_UNSAID}
    missing = known - set(fields) | set(fields) - known
    if missing:
        raise SystemExit(f"scripts/reasons.py and the declaration disagree about {sorted(missing)}")
    for name in fields:
        default = reasons.SAID.get(name) or spelt(defaults.get(name))
        yield f"`{name}`", default, means[name], reasons.DECLARATION[name]


def _newcomer() -> str:
    parts = "; ".join(f"`{name}`: {text}" for name, text in meanings(Newcomer).items())
    return f"the cap on arms that are hardly known: `off`, or `{{share, until}}`. {parts}"


def _names(plain: Mapping[str, Any]) -> Iterator[str]:
    for name, _ in _flat(plain):
        yield name


def _flat(plain: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in plain.items():
        name = f"{where}{key}"
        if isinstance(value, dict) and key != "events":
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _kind(what: str, kind: str) -> Iterator[str]:
    room = "tamesu.wiring.beliefs" if kind in LEARNT else f"tamesu.policy.{what}s"
    module = import_module(f"{room}.{kind}")
    yield from _about(module)
    yield ""
    if msgspec.structs.fields(module.Options):
        yield from _struct(module.Options, reasons.OPTIONS[f"{what} {kind}"])
    else:
        yield "It has no options."


def _about(module: Any) -> Iterator[str]:
    """The docstring of the class that a kind builds, its first paragraphs."""
    made = vars(module)[module.build.__annotations__["return"]]
    text = inspect.cleandoc(made.__doc__ or "").split("\n\n")
    plain = [part for part in text if not re.match(r"\w+:\n", part)]
    yield from "\n\n".join(plain).splitlines()


def _struct(shape: type[msgspec.Struct], why: Mapping[str, str]) -> Iterator[str]:
    means = meanings(
        *(kind for kind in reversed(shape.__mro__) if kind not in (object, msgspec.Struct))
    )
    yield from table(
        ("field", "default", "means", "why this default"),
        (
            (
                f"`{field.encode_name}`",
                "required" if field.required else spelt(_default(field)),
                means[field.name],
                why[field.encode_name],
            )
            for field in msgspec.structs.fields(shape)
        ),
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
