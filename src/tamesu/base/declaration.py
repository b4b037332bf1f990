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
from tamesu.base.errors import InvalidDeclaration, close_match
from tamesu.base.ids import is_bandit_name
from tamesu.base.reward import Anchor, Reward, check
from tamesu.base.shapes import convert, fields_of, is_mapping, is_sequence, plain, refuse_unknown
from tamesu.base.times import MILLISECOND_US, Duration

RANDOM = "random"
"""The fallback that chooses evenly among the eligible arms."""


OFF = "off"
"""No cap on newcomers."""


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


class Newcomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the probability arms that are hardly known get together, beside known ones.

    Attributes:
        share: at most, in (0, 1).
        until: an arm with fewer observations is a newcomer.
    """

    share: float = 0.2
    until: int = 20


class Sticky(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit gets the same decision again for `ttl`."""

    ttl: Duration


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A bandit as declared; numbered 1, 2, 3 … by the store.

    Attributes:
        name: `[a-z0-9][a-z0-9-]{0,62}`.
        arms: what may be chosen, in the order declared; ids are unique.
        layout, belief, explorer: the three choices; see `tamesu.policy`.
        reward: how events become rewards; `anchor` and `impression_within` are filled in.
        seed: 64 bits; none until the bandit is created.
        fallback: arms that are delivered, in this order, where the policy cannot decide; none means
            at random.
        newcomer: the cap on arms that are hardly known, or none.
        sticky: how long a unit keeps its decision, or none.
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
    fallback: tuple[str, ...] | None = None
    newcomer: Newcomer | None = None
    sticky: Sticky | None = None

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
        if data.get("fallback") == RANDOM:
            data["fallback"] = None
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
            fallback=written.fallback,
            newcomer=written.policy.newcomer,
            sticky=written.sticky,
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
            "fallback": RANDOM if self.fallback is None else list(self.fallback),
            "policy": {
                "belief": self.belief.plain(),
                "explorer": self.explorer.plain(),
                "newcomer": OFF if self.newcomer is None else plain(self.newcomer),
            },
            "reward": _short_reward(self.reward),
            **({} if self.sticky is None else {"sticky": plain(self.sticky)}),
            "batch": plain(self.batch),
            **({} if self.seed is None else {"seed": self.seed}),
        }

    def with_seed(self, seed: int) -> Declaration:
        """The same declaration with `seed` where it had none."""
        return self if self.seed is not None else msgspec.structs.replace(self, seed=seed)


class _WrittenPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    belief: dict[str, Any]
    explorer: dict[str, Any]
    newcomer: Newcomer | None = None


class _Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window that ends `gap` after the newest event that counted, and `cap` after the anchor."""

    gap: Duration
    cap: Duration


_WRITTEN_REWARD = tuple(name for name in fields_of(Reward) if name != "gap")


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    arms: tuple[Arm, ...]
    layout: dict[str, Any]
    policy: _WrittenPolicy
    reward: Reward
    description: str = ""
    batch: Batch = Batch()
    seed: int | None = None
    fallback: tuple[str, ...] | None = None
    sticky: Sticky | None = None


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
    written["newcomer"] = _long_newcomer(written.get("newcomer"))
    return written


def _long_newcomer(newcomer: Any) -> Any:
    """`off`, which YAML reads as false, is no cap."""
    if newcomer is None or newcomer is False or newcomer == OFF:
        return None
    if not is_mapping(newcomer):
        raise InvalidDeclaration(
            f"policy.newcomer must be off or a mapping with share and until, got {newcomer!r}",
            hint="for example  newcomer: {share: 0.2, until: 20}",
        )
    return newcomer


def _long_reward(reward: Any) -> Any:
    """`click: 0.1` is short for `click: {weight: 0.1}`; a session's gap is a field of its own."""
    if not is_mapping(reward):
        return {} if reward is None else reward
    if "gap" in reward:
        raise InvalidDeclaration.unknown_field("gap", _WRITTEN_REWARD, "reward")
    long = dict(reward)
    window = reward.get("window")
    if is_mapping(window):
        session = convert(window, _Session, "reward.window")
        long["window"], long["gap"] = session.cap.text(), session.gap.text()
    events = reward.get("events")
    if is_mapping(events):
        long["events"] = {
            name: {"weight": term} if isinstance(term, int | float) else term
            for name, term in events.items()
        }
    return long


def _short_reward(reward: Reward) -> dict[str, Any]:
    """A reward as it is written."""
    short = {key: value for key, value in plain(reward).items() if value is not None}
    gap = short.pop("gap", None)
    if gap is not None:
        short["window"] = {"gap": gap, "cap": short["window"]}
    for term in short["events"].values():
        if term["within"] is None:
            del term["within"]
    return short


def _filled(reward: Reward, layout: str) -> Reward:
    anchor = reward.anchor
    if anchor is None:
        anchor = Anchor.DECISION if layout in ("single", "combination") else Anchor.IMPRESSION
    within = reward.impression_within
    if within is None and anchor is Anchor.IMPRESSION:
        within = reward.window
    filled = msgspec.structs.replace(reward, anchor=anchor, impression_within=within)
    if filled.settle is not None or not filled.events:
        return filled
    return msgspec.structs.replace(filled, settle=Duration(filled.settle_us))


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
    _check_sticky(declaration)
    _check_newcomer(declaration)
    _check_fallback(declaration)


def _check_sticky(declaration: Declaration) -> None:
    if declaration.sticky is None:
        return
    reward = declaration.reward
    # A session that nothing happens in is over after its gap.
    ttl, most = declaration.sticky.ttl, (reward.gap or reward.window) // 2
    if not 0 < ttl <= most:
        raise InvalidDeclaration(
            "sticky.ttl must lie above 0s and within half the window, of a session half its gap "
            f"({Duration(most).text()}), got {ttl.text()}",
            hint="a decision that is given again late leaves its events little time to count",
        )


def _check_newcomer(declaration: Declaration) -> None:
    newcomer = declaration.newcomer
    if newcomer is None:
        return
    if not 0.0 < newcomer.share < 1.0:
        raise InvalidDeclaration(
            f"policy.newcomer.share must lie between 0 and 1, got {newcomer.share:g}"
        )
    if not 1 <= newcomer.until <= 1_000_000_000:  # noqa: PLR2004 - beyond it nobody matures
        raise InvalidDeclaration(
            f"policy.newcomer.until must lie in 1..1000000000, got {newcomer.until}"
        )


def _check_fallback(declaration: Declaration) -> None:
    if declaration.fallback is None:
        return
    known = dict.fromkeys(declaration.arm_ids)
    for arm in declaration.fallback:
        if arm not in known:
            match = close_match(arm, known)
            raise InvalidDeclaration(
                f"fallback must name declared arms, got {arm!r}",
                hint=f"did you mean {match!r}?" if match else f"or write  fallback: {RANDOM}",
            )
    if len(set(declaration.fallback)) < len(declaration.fallback) or not declaration.fallback:
        raise InvalidDeclaration(
            f"fallback must name at least one arm, each once, got {list(declaration.fallback)!r}",
            hint=f"or write  fallback: {RANDOM}",
        )
