"""Worlds by name: what `--world` may say, and the world of each run. Refuses to fetch what it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tamesu.base import InvalidInput
from tamesu.base.errors import close_match
from tamesu.cli.simulate.kinds import KINDS, Kind, Needs, options_of
from tamesu.sim import CoefficientsWorld, Excerpt, LoggedWorld, World

LOGGED = "open-bandit"

NAMES = (*KINDS, LOGGED)

MOST_WORTH = 1e6
"""The largest mean of a reward; with the largest deviation, rewards stay within 64 bits of the grid."""

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

    @property
    def contextual(self) -> bool:
        """Whether the context of a decision matters."""
        return self.kind != LOGGED and KINDS[self.kind].contextual

    @property
    def fixed(self) -> bool:
        """Whether regret is told against the best arms held fixed."""
        return self.kind != LOGGED and KINDS[self.kind].fixed

    def world(
        self,
        arms: tuple[str, ...],
        size: int,
        run: int,
        logged: LoggedWorld | None,
        width: int = 0,
    ) -> World | CoefficientsWorld:
        """The world of run `run`, from 0; what it draws, it draws from the run's number.

        Args:
            arms: ids, as declared.
            size: arms of a decision.
            run: which one.
            logged: what was logged, where that is played again.
            width: columns of a context.

        Raises:
            InvalidInput: arms that do not fit, or a context where none is or none where one is.
            NotFound: arms that were not logged.
        """
        if width and not self.contextual:
            raise InvalidInput(
                f"in a {self.kind} world there are no contexts, and the declaration asks for one",
                hint="for example  --world linear  or  --world logistic",
            )
        if logged is not None:
            return Excerpt(logged, arms, size)
        if self.rates and len(self.rates) != len(arms):
            raise InvalidInput(
                f"--world must give a rate for each arm, in their order: {len(arms)} arms are "
                f"declared, got {len(self.rates)} rates"
            )
        low, high = (min(self.rates), max(self.rates)) if self.rates else (self.low, self.high)
        source = np.random.default_rng([run, 0])
        return KINDS[self.kind].make(
            Needs(
                given=np.array(self.rates) if self.rates else None,
                draw=lambda shape: low + (high - low) * source.random(shape),
                options=self.options,
                arms=len(arms),
                size=size,
                width=width,
                normal=source.standard_normal,
            )
        )


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
