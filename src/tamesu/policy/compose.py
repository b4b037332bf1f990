"""Policies: a belief, an explorer and a layout put together.

`compose` is the whole zoo: any belief works with any explorer that can use its family, in any
layout. Refuses options that a part does not have, and combinations that cannot work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration, InvalidDeclaration, Time
from tamesu.policy.choosing import Choosing
from tamesu.policy.codec import decode_state, encode_state
from tamesu.policy.combination import CombinedFallback, Combiner, Combining, Spelt
from tamesu.policy.contract import (
    Arms,
    Batch,
    Belief,
    Checked,
    Explorer,
    Layout,
    Marginals,
    Reading,
)
from tamesu.policy.effects import Effects, effects_of
from tamesu.policy.eligibility import Eligibility
from tamesu.policy.fallback import Fallback
from tamesu.policy.features import Encoder, encoder_of
from tamesu.policy.kinds import build_part
from tamesu.policy.objectives import Several
from tamesu.policy.objectives.wanted import Wanted
from tamesu.policy.prepared import Prepared
from tamesu.policy.summary import ArmSummary, summaries
from tamesu.policy.table import Evidence, State
from tamesu.policy.uniforms import seed_key


class Policy:
    """Pure functions on states: what to choose, and what to learn.

    Attributes:
        declaration: whose it is.
        declared: what each of its arms tells of itself, by id.
        size: most deliveries of a decision.
        bounds: rewards outside are clipped before they are learnt; none where nothing is clipped.
        beliefs: one for all positions, or one for each, from the top.
        encoder: what it makes of contexts and of what arms tell of themselves.
        contextual: whether it learns from either; else they are checked, and change nothing.
        aims: its objectives as numbers, where it has several; those that are learnt apart have a belief each.
        combiner: what it makes of combinations, where these are what it chooses; then arms are options.
        exact: whether the pieces in which rows were learnt change nothing but rounding.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts, once each
        self,
        declaration: Declaration,
        belief: Belief,
        explorer: Explorer,
        layout: Layout,
        encoder: Encoder,
        combiner: Combiner | None = None,
        wanted: Wanted | None = None,
    ) -> None:
        self.declaration = declaration
        self.declared = {arm.id: arm.features for arm in declaration.arms}
        self._last: tuple[tuple[str, ...], Mapping[str, Mapping[str, Any]] | None, Arms] | None = (
            None
        )
        self._among: Eligibility | None = None
        self.encoder = encoder
        self.contextual = belief.contextual
        self.exact = belief.exact
        self.aims = declaration.aims
        self._wanted = wanted
        self._beliefs = (belief,) if wanted is None else wanted.beliefs
        self._explorer = explorer if wanted is None else wanted.explorer
        self._layout = layout
        self.combiner = combiner
        self.size = layout.size
        self.bounds = belief.bounds
        self.beliefs = layout.beliefs

    def check(self) -> Policy:
        """Itself, if what its parts need from elsewhere is there: to be asked before it is declared.

        Raises:
            InvalidDeclaration: it is not, or does not fit.
        """
        for belief in self._beliefs:
            if isinstance(belief, Checked):
                belief.check()
        return self

    def init(self) -> State:
        """The state that has learnt nothing: a pure function of the declaration."""
        return State(tuple([belief.init() for belief in self._beliefs]) * self._layout.beliefs)

    def evidence(self, state: State, batch: Batch) -> Evidence:
        """What `batch` teaches; evidence of a whole is the sum of its parts'.

        Raises:
            InvalidInput: a reward that the belief cannot learn from.
        """
        rows: list[Batch] = []
        for each in self._layout.split(batch):
            apart = range(len(self._beliefs)) if self._wanted is not None else ()
            rows += [each.of_objective(number) for number in apart] or [each]
        learners = cycle(self._beliefs)
        return Evidence(
            tuple(
                belief.evidence(part, each)
                for belief, part, each in zip(learners, state.parts, rows, strict=False)
            )
        )

    def absorb(self, state: State, evidence: Evidence) -> State:
        """The state that has learnt `evidence` too."""
        pairs = zip(state.parts, evidence.parts, strict=True)
        learners = cycle(self._beliefs)
        return State(
            tuple(
                belief.absorb(part, new)
                for belief, (part, new) in zip(learners, pairs, strict=False)
            )
        )

    def encode(self, state: State) -> bytes:
        """Canonical bytes: equal states give equal bytes."""
        return encode_state(state, self.declaration.belief.kind)

    def decode(self, data: bytes) -> State:
        """The state that `encode` wrote.

        Raises:
            Corrupt: bytes that are no state of this policy.
        """
        return decode_state(data, self.declaration.belief.kind, self.init())

    def columns(
        self, contexts: NDArray[np.object_], features: NDArray[np.object_]
    ) -> dict[str, NDArray[np.float64]]:
        """`context` and `features` of a `Batch` of n rows, for a belief that asks for them.

        Args:
            contexts: (n,) as they were recorded.
            features: (n,) what each arm told of itself when it was chosen.

        Raises:
            InvalidInput: one that does not fit the declaration.
        """
        if not self.contextual:
            return {}
        return {
            "context": self.encoder.contexts(contexts.tolist()),
            "features": self.encoder.arms(features.tolist()),
        }

    def prepare(
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        features: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Prepared:
        """The policy at `state` and `time`, ready to choose among `arms` (unique).

        Args:
            state: what was learnt.
            arms: ids.
            time: of the decisions.
            features: what arms tell of themselves, by id; of others, what the declaration says.

        Raises:
            InvalidInput: features that do not fit the declaration.
        """
        if self.declaration.seed is None:
            raise Bug("a declaration must have a seed before its policy can choose")
        readings = self._readings(state, arms, time, features)
        if self.combiner is not None:
            return Combining(self.combiner, readings[0], arms)
        ids = tuple(arms)
        # Who may be chosen is read once while the arms are the very same object.
        among = self._among
        if among is None or among.arms is not ids:
            among = self._among = Eligibility(ids)
        return Choosing(
            ids,
            readings,
            self._explorer,
            self._layout,
            seed_key(self.declaration.seed),
            newcomer=self.declaration.newcomer,
            among=among,
        )

    def means(
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        features: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> NDArray[np.float64]:
        """(b, n) expected reward of each of n arms by each of b beliefs: what `summary` says, for less."""
        readings = self._readings(state, arms, time, features)
        means = [self._marginals(reading, arms, None).family.mean() for reading in readings]
        return np.array(means).reshape(len(means), len(arms))

    def _readings(
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        features: Mapping[str, Mapping[str, Any]] | None,
    ) -> list[Reading]:
        """What is thought of `arms`, or of combinations, by each belief of the layout."""
        asked = self._asked(arms, features) if self.combiner is None else self.combiner.asked
        learners = cycle(self._beliefs)
        readings = [
            belief.reading(part, asked, time)
            for belief, part in zip(learners, state.parts, strict=False)
        ]
        if self._wanted is None:
            return readings
        several = len(self._beliefs)
        return [
            Several(readings[first : first + several], self._wanted.aims.start)
            for first in range(0, len(readings), several)
        ]

    def _at(self, state: State, position: int) -> State:
        """What `state` says of `position`."""
        several = len(self._beliefs)
        first = position * several if self.beliefs > 1 else 0
        return State(state.parts[first : first + several])

    def _asked(self, arms: Sequence[str], features: Mapping[str, Mapping[str, Any]] | None) -> Arms:
        """`arms` with the columns of what they tell: encoded once while they are the very same objects.

        Who changes what an arm tells makes another mapping, as a roster does.
        """
        last = self._last
        if last is not None and last[0] is arms and last[1] is features:
            return last[2]
        told: Mapping[str, Mapping[str, Any]] = {} if features is None else features
        columns = self.encoder.arms(
            [told[arm] if arm in told else self.declared.get(arm) for arm in arms]
            if self.contextual
            else []
        )
        asked = Arms(tuple(arms), columns)
        if isinstance(arms, tuple):
            self._last = arms, features, asked
        return asked

    def _marginals(
        self, reading: Reading, arms: Sequence[str], context: NDArray[np.float64] | None
    ) -> Marginals:
        """What `reading` thinks of `arms` in `context`, or in the mean one of what was learnt."""
        if self.combiner is not None:
            return self.combiner.options(reading, arms, context)
        return reading.at(reading.typical if context is None else context)

    def delivered(self, arm: str) -> tuple[str, ...]:
        """The arms that a delivery of `arm` delivers: itself, or the options of a combination."""
        return (arm,) if self.combiner is None else self.combiner.delivered(arm)

    def fallback(self, arms: Sequence[str]) -> Fallback:
        """What answers among `arms` where this cannot."""
        if self.combiner is not None:
            return CombinedFallback(self.declaration, self.combiner, arms)
        return Fallback(self.declaration, arms, self.size)

    def told(self, features: Mapping[str, dict[str, Any]]) -> Mapping[str, dict[str, Any]] | None:
        """What a delivery tells of itself, by what it delivers; none where nobody asks.

        Args:
            features: what active arms tell of themselves, by id.
        """
        if not (self.contextual and self.encoder.arm_width):
            return None
        return features if self.combiner is None else Spelt()

    @property
    def together(self) -> int:
        """How many arms a delivery delivers: one, or an option of each slot."""
        return len(self.declaration.slots) or 1

    def summary(
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        *,
        features: Mapping[str, Mapping[str, Any]] | None = None,
        shares: NDArray[np.float64] | None = None,
    ) -> list[ArmSummary]:
        """One row per arm, in the order of `arms`; where positions have beliefs of their own, for each.

        Of a belief that learns from contexts: in the mean context of what it has learnt.

        Args:
            state: what was learnt.
            arms: ids, unique.
            time: of the summary.
            features: as in `prepare`.
            shares: (n,) the share of each, where it is not the one among `arms` alone.
        """
        if not arms:
            return []
        positions = range(self.beliefs)
        if shares is None:
            prepared = self.prepare(state, arms, time, features)
            share = [prepared.propensities(position=position) for position in positions]
        else:
            share = [shares for _ in positions]
        return [
            row
            for position in positions
            for row in self.summary_at(
                state, arms, time, position, share[position], features=features
            )
        ]

    def summary_at(  # noqa: PLR0913 - everything that a summary is a function of
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        position: int,
        share: NDArray[np.float64],
        *,
        features: Mapping[str, Mapping[str, Any]] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> list[ArmSummary]:
        """One row per arm, in the order of `arms`, by what is believed of `position`; `share` (n,).

        In `context` (d,), or in the mean one of what was learnt.
        """
        (reading,) = self._readings(self._at(state, position), arms, time, features)
        marginals = self._marginals(reading, arms, context)
        where = position if self.beliefs > 1 else None
        return summaries(arms, marginals, share, where, self.aims)

    def effects(  # noqa: PLR0913, PLR0917 - everything that it is a function of
        self,
        state: State,
        arms: Sequence[str],
        time: Time,
        position: int,
        context: NDArray[np.float64],
        features: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Effects:
        """What each column of `context` (d,) changes of `arms`, by what is believed of `position`."""
        (reading,) = self._readings(self._at(state, position), arms, time, features)

        def means(at: NDArray[np.float64]) -> NDArray[np.float64]:
            return self._marginals(reading, arms, at).family.mean()

        return effects_of(means, reading.typical, context)


def compose(declaration: Declaration) -> Policy:
    """The policy that a declaration describes.

    Raises:
        InvalidDeclaration: an unknown kind or option (with the close match), a value that cannot
            be, or parts that do not go together.
    """
    explorer: Explorer = build_part(
        "explorer", declaration.explorer, declaration, "policy.explorer"
    )
    layout: Layout = build_part("layout", declaration.layout, declaration, "layout")
    wanted = Wanted.of(declaration, explorer)
    belief: Belief = (
        build_part("belief", declaration.belief, declaration, "policy.belief")
        if wanted is None
        else wanted.beliefs[0]
    )
    if not 0.0 <= explorer.explore < 1.0:
        raise InvalidDeclaration(
            f"policy.explorer.explore must lie in [0, 1), got {explorer.explore:g}"
        )
    if explorer.families is not None and belief.family not in explorer.families:
        raise InvalidDeclaration(
            f"explorer {declaration.explorer.kind!r} cannot use what belief "
            f"{declaration.belief.kind!r} gives ({belief.family})"
        )
    encoder = encoder_of(declaration)
    combiner = Combiner.of(declaration, encoder) if declaration.slots else None
    return Policy(declaration, belief, explorer, layout, encoder, combiner, wanted)
