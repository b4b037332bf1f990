"""`Declaration`: a bandit as its team declares it.

The same shape in YAML, JSON, HTTP and Python. What only a belief, an explorer or a layout can judge
(its own options) is carried as a `Part` and judged by `tamesu.policy`. Refuses unknown keys by name,
with the close match, and fills in every default, so that a stored declaration means the same for
ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.arm import MAX_ARMS, Arm, check_ids, check_metadata, check_number, long_arm
from tamesu.base.errors import InvalidDeclaration
from tamesu.base.ids import is_bandit_name
from tamesu.base.reward import Anchor, Reward, check
from tamesu.base.shapes import convert, is_mapping, is_sequence, plain, refuse_unknown
from tamesu.base.times import MILLISECOND_US, Duration


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A belief, an explorer or a layout by name, with its own options as plain data."""

    kind: str
    options: dict[str, Any] = {}

    def plain(self) -> dict[str, Any]:
        """`{kind: ..., **options}`, as it is written."""
        return {"kind": self.kind, **self.options}


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a micro-batch closes: at `size` observations or after `every`, whichever is first."""

    size: int = 500
    every: Duration = Duration(500 * MILLISECOND_US)


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A bandit as declared; numbered 1, 2, 3 … by the store.

    Attributes:
        name: `[a-z0-9][a-z0-9-]{0,62}`.
        arms: what may be chosen, in the order declared; ids are unique.
        layout, belief, explorer: the three choices; see `tamesu.policy`.
        reward: how events become rewards; `anchor` and `impression_within` are filled in.
        seed: 64 bits; none until the bandit is created.
    """

    name: str
    description: str
    arms: tuple[Arm, ...]
    layout: Part
    belief: Part
    explorer: Part
    reward: Reward
    batch: Batch
    seed: int | None

    @property
    def arm_ids(self) -> tuple[str, ...]:
        """Ids of the declared arms, in the order declared."""
        return tuple(arm.id for arm in self.arms)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Declaration:
        """The declaration that plain data (from JSON, YAML or keywords) spells out.

        Raises:
            InvalidDeclaration: an unknown key, a wrong type or clauses that cannot hold.
        """
        if not is_mapping(data):
            raise InvalidDeclaration(f"a declaration must be a mapping, got {type(data).__name__}")
        if is_sequence(data.get("arms")):
            check_number(data["arms"])
        refuse_unknown(data, _Written, "the declaration", InvalidDeclaration)
        data = {**data, "arms": _long_arms(data.get("arms"))}
        data["layout"] = _long_part(data.get("layout", "single"), "layout")
        data["policy"] = _long_policy(data.get("policy"))
        data["reward"] = _long_reward(data.get("reward"))
        written = convert(data, _Written, "the declaration")
        declaration = cls(
            name=written.name,
            description=written.description,
            arms=written.arms,
            layout=_part(written.layout),
            belief=_part(written.policy.belief),
            explorer=_part(written.policy.explorer),
            reward=_filled(written.reward, written.layout["kind"]),
            batch=written.batch,
            seed=written.seed,
        )
        _check(declaration)
        return declaration

    def plain(self) -> dict[str, Any]:
        """Plain data that parses back to this declaration, defaults spelt out."""
        return {
            "name": self.name,
            "description": self.description,
            "layout": self.layout.plain(),
            "arms": [plain(arm) for arm in self.arms],
            "policy": {"belief": self.belief.plain(), "explorer": self.explorer.plain()},
            "reward": {
                key: value for key, value in plain(self.reward).items() if value is not None
            },
            "batch": plain(self.batch),
            **({} if self.seed is None else {"seed": self.seed}),
        }

    def with_seed(self, seed: int) -> Declaration:
        """The same declaration with `seed` where it had none."""
        return self if self.seed is not None else msgspec.structs.replace(self, seed=seed)


class _WrittenPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    belief: dict[str, Any]
    explorer: dict[str, Any]


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    arms: tuple[Arm, ...]
    layout: dict[str, Any]
    policy: _WrittenPolicy
    reward: Reward
    description: str = ""
    batch: Batch = Batch()
    seed: int | None = None


def _part(data: Mapping[str, Any]) -> Part:
    return Part(kind=data["kind"], options={k: v for k, v in data.items() if k != "kind"})


def _long_part(data: Any, where: str) -> dict[str, Any]:
    """`thompson` is short for `{kind: thompson}`."""
    if isinstance(data, str):
        return {"kind": data}
    if not is_mapping(data) or not isinstance(data.get("kind"), str):
        raise InvalidDeclaration(f"{where} must be a name or a mapping with 'kind', got {data!r}")
    return dict(data)


def _long_arms(arms: Any) -> Any:
    if not is_sequence(arms):
        raise InvalidDeclaration(
            f"arms must be a list of ids, got {type(arms).__name__}",
            hint="for example  arms: [a, b, c]",
        )
    return [long_arm(arm) for arm in arms]


def _long_policy(policy: Any) -> Any:
    policy = {} if policy is None else policy
    if not is_mapping(policy):
        raise InvalidDeclaration(f"policy must be a mapping, got {type(policy).__name__}")
    written = {"belief": "beta", "explorer": "thompson", **policy}
    for key in ("belief", "explorer"):
        written[key] = _long_part(written[key], f"policy.{key}")
    return written


def _long_reward(reward: Any) -> Any:
    """`click: 0.1` is short for `click: {weight: 0.1}`."""
    if not is_mapping(reward):
        return {} if reward is None else reward
    events = reward.get("events")
    if not is_mapping(events):
        return reward
    return {
        **reward,
        "events": {
            name: {"weight": term} if isinstance(term, int | float) else term
            for name, term in events.items()
        },
    }


def _filled(reward: Reward, layout: str) -> Reward:
    anchor = reward.anchor
    if anchor is None:
        anchor = Anchor.DECISION if layout in ("single", "combination") else Anchor.IMPRESSION
    within = reward.impression_within
    if within is None and anchor is Anchor.IMPRESSION:
        within = reward.window
    return msgspec.structs.replace(
        reward,
        anchor=anchor,
        impression_within=within,
        settle=reward.window if reward.settle is None else reward.settle,
    )


def _check(declaration: Declaration) -> None:
    if not is_bandit_name(declaration.name):
        raise InvalidDeclaration(
            "name must have 1 to 63 characters of a-z, 0-9 and -, and start with a letter or a "
            f"digit, got {declaration.name[:80]!r}"
        )
    ids = declaration.arm_ids
    if not ids:
        raise InvalidDeclaration(f"arms must hold 1 to {MAX_ARMS:,} ids, got 0")
    check_ids(ids)
    for arm in declaration.arms:
        check_metadata(arm.id, arm.metadata)
    if declaration.seed is not None and not 0 <= declaration.seed < 1 << 63:
        raise InvalidDeclaration(f"seed must lie in [0, 2^63), got {declaration.seed}")
    if not 1 <= declaration.batch.size <= 1_000_000:  # noqa: PLR2004 - a batch fits in memory
        raise InvalidDeclaration(f"batch.size must lie in 1..1000000, got {declaration.batch.size}")
    if not 10 * MILLISECOND_US <= declaration.batch.every <= 3_600_000_000:  # noqa: PLR2004 - an hour
        raise InvalidDeclaration(
            f"batch.every must lie between 10ms and 1h, got {declaration.batch.every.text()}"
        )
    check(declaration.reward, "reward")
