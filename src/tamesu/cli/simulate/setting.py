"""Worlds by name: what `--world` may say, and the world of each run. Refuses to fetch what it needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tamesu.base import Declaration, InvalidInput
from tamesu.base.errors import close_match
from tamesu.cli.simulate.kinds import KINDS, Contexts, Kind, options_of
from tamesu.cli.simulate.making import Needs
from tamesu.policy import compose
from tamesu.policy.features import Encoder
from tamesu.sim import (
    CoefficientsWorld,
    Excerpt,
    Kinship,
    LoggedWorld,
    SeveralWorld,
    World,
    contexts_at,
    kinship,
    listed,
    uniforms_of,
)

LOGGED = "open-bandit"

NAMES = (*KINDS, LOGGED)

MOST_WORTH = 1e6
"""The largest mean of a reward; with the largest deviation, rewards stay within 64 bits of the grid."""

USUAL = 200
"""Contexts in which arms' worth is measured, to be made of one size."""

HINT = (
    "bernoulli:0.1,0.2,…  (a rate for each arm), bernoulli:0.01..0.05  (rates drawn between, anew in "
    f"each run), with options  positioned:0.01..0.05,apart=0.5, linear:sd=0.5, open-bandit:men; kinds: {', '.join(NAMES)}"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where runs take place.

    Attributes:
        name: as it was asked for.
        kind: one of `NAMES`.
        rates: what each arm is worth, where it is given.
        low, high: it is drawn between, where it is not.
        options: of the kind, all of them.
        campaign: of the Open Bandit Dataset.
    """

    name: str
    kind: str
    rates: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 1.0
    options: Mapping[str, float] = field(default_factory=dict)
    campaign: str = ""

    @classmethod
    def parse(cls, name: str) -> Setting:
        """The setting that `--world` names: `KIND[:RATES][,option=value …]`.

        Raises:
            InvalidInput: an unknown kind (with the close match), or rates or options that cannot be.
        """
        kind, _, details = name.partition(":")
        if "," in kind:  # options alone
            kind, _, details = name.partition(",")
        if kind not in NAMES:
            match = close_match(kind, NAMES)
            raise InvalidInput(
                f"unknown world {kind!r}", hint=f"did you mean {match!r}?" if match else HINT
            )
        if kind == LOGGED:
            return cls(name, kind, campaign=details or "men")
        pieces = [piece.strip() for piece in details.split(",")] if details else []
        worth = [piece for piece in pieces if "=" not in piece]
        options = options_of(kind, [_named(piece) for piece in pieces if "=" in piece])
        low, high = KINDS[kind].worth
        made = cls(name, kind, low=low, high=high, options=options)
        if not worth:
            return made
        if len(worth) == 1 and ".." in worth[0]:
            low, high = _range(worth[0], KINDS[kind])
            return replace(made, low=low, high=high)
        if not KINDS[kind].given:
            raise InvalidInput(
                f"a {kind} world takes a range of rates, got {', '.join(worth)!r}", hint=HINT
            )
        return replace(made, rates=tuple(_worth(text, KINDS[kind]) for text in worth))

    @property
    def changes(self) -> bool:
        """Whether the world changes in the course of a run."""
        return self.kind != LOGGED and KINDS[self.kind].changes

    def contextual(self, declaration: Declaration) -> bool:
        """Whether the context of a decision of `declaration` matters."""
        contexts = Contexts.NONE if self.kind == LOGGED else KINDS[self.kind].contexts
        return contexts is Contexts.NEEDED or (
            contexts is Contexts.POSSIBLE and bool(declaration.context)
        )

    @property
    def several(self) -> bool:
        """Whether deliveries come to several things, of which a mixture of arms has most."""
        return self.kind != LOGGED and KINDS[self.kind].several

    @property
    def fixed(self) -> bool:
        """Whether regret is told against the best arms held fixed."""
        return self.kind != LOGGED and KINDS[self.kind].fixed

    def world(
        self, declaration: Declaration, run: int, logged: LoggedWorld | None = None
    ) -> World | CoefficientsWorld | SeveralWorld:
        """The world of run `run`, from 0; what it draws, it draws from the run's number.

        Args:
            declaration: whose arms, or combinations, it has, and whose features make its columns.
            run: which one.
            logged: what was logged, where that is played again.

        Raises:
            InvalidInput: arms that do not fit, or a context or slots where none are or none where some are.
            NotFound: arms that were not logged.
        """
        policy = compose(declaration)
        self._refuse(declaration)
        if logged is not None:
            return Excerpt(logged, declaration.arm_ids, policy.size)
        told = listed(declaration)
        if self.rates and len(self.rates) != len(told):
            raise InvalidInput(
                f"--world must give a rate for each arm, in their order: {len(told)} arms are "
                f"declared, got {len(self.rates)} rates"
            )
        low, high = (min(self.rates), max(self.rates)) if self.rates else (self.low, self.high)
        source = np.random.default_rng([run, 0])
        return KINDS[self.kind].make(
            Needs(
                given=np.array(self.rates) if self.rates else None,
                draw=lambda shape: low + (high - low) * source.random(shape),
                options=self.options,
                arms=len(told),
                size=policy.size,
                width=policy.encoder.width,
                normal=source.standard_normal,
                kin=_kin(declaration, policy.encoder, source),
                aims=declaration.aims,
            )
        )

    def _refuse(self, declaration: Declaration) -> None:
        """Raises where the declaration asks for what is not in this kind of world."""
        if self.kind == LOGGED:
            contexts, combinations = Contexts.NONE, False
        else:
            contexts, combinations = KINDS[self.kind].contexts, KINDS[self.kind].combinations
        if combinations and not declaration.slots:
            raise InvalidInput(
                f"{self._here()} combinations are chosen, and the declaration has no slots",
                hint="declare  slots: {title: [a, b], image: [x, y, z]}",
            )
        if declaration.slots and not combinations:
            raise InvalidInput(
                f"{self._here()} there are no combinations, and the declaration has slots",
                hint="for example  --world combination",
            )
        self._refuse_objectives(declaration)
        if declaration.context and contexts is Contexts.NONE:
            raise InvalidInput(
                f"{self._here()} there are no contexts, and the declaration asks for one",
                hint="for example  --world linear  or  --world logistic",
            )

    def _here(self) -> str:
        return f"in {'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind} world"

    def _refuse_objectives(self, declaration: Declaration) -> None:
        aims = declaration.aims
        if self.several and (aims is None or declaration.layout.kind != "single"):
            raise InvalidInput(
                f"{self._here()} single deliveries come to several things, and the declaration wants "
                f"{'one' if aims is None else 'more than one delivery'}",
                hint="declare  reward: {objectives: {clicks: {click: 1}, sales: {buy: 1}}, scalarise: gini}",
            )
        if aims is not None and aims.are_apart and not self.several:
            raise InvalidInput(
                f"{self._here()} there is one reward, and the declaration learns objectives apart",
                hint="for example  --world objectives",
            )


def _kin(
    declaration: Declaration, encoder: Encoder, source: np.random.Generator
) -> Callable[[float], Kinship] | None:
    """Draws what arms are worth by what they tell; none where they tell nothing."""
    if not encoder.arm_width:
        return None

    def draw(crossed: float) -> Kinship:
        weights = source.standard_normal(encoder.joint_width)
        if declaration.slots:
            weights[1 + encoder.width + len(declaration.arms) :] *= crossed
        schema = declaration.context
        usual = contexts_at(schema, source.random((USUAL, uniforms_of(schema))))
        return kinship(encoder, [*listed(declaration).values()], weights, encoder.contexts(usual))

    return draw


def _named(piece: str) -> tuple[str, str]:
    name, _, text = piece.partition("=")
    return name.strip(), text.strip()


def _range(text: str, kind: Kind) -> tuple[float, float]:
    low, _, high = text.partition("..")
    found = _worth(low, kind), _worth(high, kind)
    if found[0] > found[1]:
        raise InvalidInput(f"a range of rates must rise, got {text!r}", hint=HINT)
    return found


def _worth(text: str, kind: Kind) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if kind.share and not 0.0 <= value <= 1.0:
        raise InvalidInput(f"a rate must lie in [0, 1], got {text.strip()!r}", hint=HINT)
    if not abs(value) <= MOST_WORTH:
        raise InvalidInput(
            f"what an arm is worth must lie within ±{MOST_WORTH:g}, got {text.strip()!r}", hint=HINT
        )
    return value
