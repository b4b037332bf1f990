"""`Declaration`: a bandit as its team declares it.

What only a belief, an explorer or a layout can judge (its own options) is carried as a `Part` and
judged by `tamesu.policy`. Fills in every default, so that a stored declaration means the same for
ever; refuses clauses that cannot hold together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.aims import Aims
from tamesu.base.arm import MAX_ARMS, Arm, check_features, check_ids, check_metadata
from tamesu.base.clauses import OFF, RANDOM, Batch, Forgetting, Newcomer, Part, Sticky
from tamesu.base.errors import InvalidDeclaration, close_match, listing
from tamesu.base.feature import Feature, plain_schema
from tamesu.base.ids import is_bandit_name
from tamesu.base.objectives import Objectives, aims_of
from tamesu.base.reward import Anchor, Examined, Reward, check
from tamesu.base.shapes import plain
from tamesu.base.slots import LAYOUT, pairs_of
from tamesu.base.surrogate import Surrogate, check_surrogate
from tamesu.base.times import DAY_US, MILLISECOND_US, MINUTE_US, Duration
from tamesu.base.written import read
from tamesu.base.written_reward import short_reward


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
        forgetting: how fast what was learnt loses weight, or none.
        sticky: how long a unit keeps its decision, or none.
        objectives: what is wanted, where it is more than one thing: `reward.events` follow from it.
        surrogate: what later value its reward stands for, and how well; or none.
        context: what every request tells, by name; nothing where the bandit is context-free.
        arm_features: what every arm tells, by name.
        interactions: pairs of names of either: their columns multiplied, each with each.
        slots: what a combination takes one option of each from, by name; then arms are the options, and
            `arm_features` are the slots.
        pairwise: whether every two slots interact.
        infeasible: pairs of options that are never combined, each by its slot.
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
    forgetting: Forgetting | None = None
    sticky: Sticky | None = None
    objectives: Objectives | None = None
    surrogate: Surrogate | None = None
    context: dict[str, Feature] = {}
    arm_features: dict[str, Feature] = {}
    interactions: tuple[tuple[str, str], ...] = ()
    slots: dict[str, tuple[str, ...]] = {}
    pairwise: bool = False
    infeasible: tuple[dict[str, str], ...] = ()

    @property
    def interacting(self) -> tuple[tuple[str, str], ...]:
        """Every pair of features that interacts: those of `interactions`, and of slots if `pairwise`."""
        slots = pairs_of(self.slots) if self.pairwise else ()
        given = {frozenset(pair) for pair in slots}
        return (*slots, *(pair for pair in self.interactions if frozenset(pair) not in given))

    @property
    def aims(self) -> Aims | None:
        """Its objectives as numbers, where it has any."""
        return None if self.objectives is None else aims_of(self.objectives)

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
        written = read(data)
        declaration = cls(
            name=written.name,
            description=written.description,
            arms=written.arms,
            layout=Part.of(written.layout),
            belief=Part.of(written.policy.belief),
            explorer=Part.of(written.policy.explorer),
            reward=_filled(written.reward, written.layout["kind"]),
            batch=written.batch,
            seed=written.seed,
            fallback=written.fallback,
            newcomer=written.policy.newcomer,
            forgetting=written.policy.forgetting,
            sticky=written.sticky,
            objectives=written.objectives,
            surrogate=written.surrogate,
            context=written.context,
            arm_features=written.arm_features,
            interactions=written.interactions,
            slots=written.slots,
            pairwise=written.pairwise,
            infeasible=written.infeasible,
        )
        _check(declaration)
        return declaration

    def plain(self) -> dict[str, Any]:
        """Plain data that parses back to this declaration, defaults spelt out."""
        return {
            "name": self.name,
            "description": self.description,
            "layout": self.layout.plain(),
            **_plain_arms(self),
            "fallback": RANDOM if self.fallback is None else list(self.fallback),
            "policy": {
                "belief": self.belief.plain(),
                "explorer": self.explorer.plain(),
                "newcomer": OFF if self.newcomer is None else plain(self.newcomer),
                **({} if self.forgetting is None else {"forgetting": plain(self.forgetting)}),
            },
            "reward": short_reward(self.reward, self.objectives, self.surrogate),
            **({} if self.sticky is None else {"sticky": plain(self.sticky)}),
            **({"context": plain_schema(self.context)} if self.context else {}),
            **({"interactions": plain(self.interactions)} if self.interactions else {}),
            "batch": plain(self.batch),
            **({} if self.seed is None else {"seed": self.seed}),
        }

    def with_seed(self, seed: int) -> Declaration:
        """The same declaration with `seed` where it had none."""
        return self if self.seed is not None else msgspec.structs.replace(self, seed=seed)


def _plain_arms(declaration: Declaration) -> dict[str, Any]:
    """What may be chosen, and what it tells of itself."""
    if declaration.slots:
        pairs = {"pairwise": declaration.pairwise, "infeasible": plain(declaration.infeasible)}
        return {"slots": plain(declaration.slots), **pairs}
    features = plain_schema(declaration.arm_features)
    arms = [plain(arm) for arm in declaration.arms]
    return {"arms": arms, **({"arm_features": features} if features else {})}


def _filled(reward: Reward, layout: str) -> Reward:
    anchor = reward.anchor
    if anchor is None:
        anchor = Anchor.DECISION if layout in ("single", "combination") else Anchor.IMPRESSION
    within = reward.impression_within
    if within is None and anchor is Anchor.IMPRESSION:
        within = reward.window
    filled = msgspec.structs.replace(
        reward, anchor=anchor, impression_within=within, examined=_examined(reward, layout)
    )
    if filled.settle is not None or not filled.events:
        return filled
    return msgspec.structs.replace(filled, settle=Duration(filled.settle_us))


def _examined(reward: Reward, layout: str) -> Examined:
    examined = Examined.UNTIL_CLICK if layout == "cascade" else Examined.ALL
    if reward.examined not in (None, examined):
        raise InvalidDeclaration(
            f"reward.examined must be {examined} with layout {layout!r}, got {reward.examined}",
            hint="leave it out: the layout says it",
        )
    return examined


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
        check_features(arm.id, arm.features)
    if declaration.seed is not None and not 0 <= declaration.seed < 1 << 63:
        raise InvalidDeclaration(f"seed must lie in [0, 2^63), got {declaration.seed}")
    if not 1 <= declaration.batch.size <= 1_000_000:  # noqa: PLR2004 - a batch fits in memory
        raise InvalidDeclaration(f"batch.size must lie in 1..1000000, got {declaration.batch.size}")
    if not 10 * MILLISECOND_US <= declaration.batch.every <= 3_600_000_000:  # noqa: PLR2004 - an hour
        raise InvalidDeclaration(
            f"batch.every must lie between 10ms and 1h, got {declaration.batch.every.text()}"
        )
    check(declaration.reward, "reward")
    if declaration.surrogate is not None:
        check_surrogate(declaration.surrogate, declaration.reward, "reward.surrogate")
    _check_sticky(declaration)
    _check_newcomer(declaration)
    _check_forgetting(declaration)
    _check_fallback(declaration)
    _check_features(declaration)


def _check_sticky(declaration: Declaration) -> None:
    if declaration.sticky is None:
        return
    reward = declaration.reward
    # A session that nothing happens in is over after its gap.
    given, most = declaration.sticky.ttl, (reward.gap or reward.window) // 2
    if not 0 < given <= most:
        raise InvalidDeclaration(
            "sticky.ttl must lie above 0s and within half the window, of a session half its gap "
            f"({Duration(most).text()}), got {given.text()}",
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


def _check_forgetting(declaration: Declaration) -> None:
    if declaration.forgetting is None:
        return
    half_life = declaration.forgetting.half_life
    if not MINUTE_US <= half_life <= 3660 * DAY_US:
        raise InvalidDeclaration(
            f"policy.forgetting.half_life must lie between 1m and 3660d, got {half_life.text()}",
            hint="for example  forgetting: {half_life: 30d}",
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


def _check_features(declaration: Declaration) -> None:
    if bool(declaration.slots) != (declaration.layout.kind == LAYOUT):
        raise InvalidDeclaration(
            f"layout {declaration.layout.kind!r} must have {'arms' if declaration.slots else 'slots'}, "
            f"got {'slots' if declaration.slots else 'arms'}",
            hint=f"slots are for  layout: {LAYOUT}",
        )
    if not declaration.slots and (declaration.pairwise or declaration.infeasible):
        raise InvalidDeclaration("pairwise and infeasible speak of slots, got no slots")
    both = declaration.context.keys() & declaration.arm_features.keys()
    if both:
        raise InvalidDeclaration(
            f"context and arm_features must have different names, got {listing(sorted(both))} in both"
        )
    known = [*declaration.context, *declaration.arm_features]
    seen: set[frozenset[str]] = set()
    for pair in declaration.interactions:
        for name in pair:
            if name not in known:
                raise InvalidDeclaration.unknown_choice(name, known, "interactions")
        if len(set(pair)) == 1 or frozenset(pair) in seen:
            raise InvalidDeclaration(
                "interactions must be pairs of two different features, each pair once, got "
                f"{list(pair)!r}"
            )
        seen.add(frozenset(pair))
