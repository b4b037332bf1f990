"""Worlds by name: what `--world` may say, and the world of each run. Refuses to fetch what it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tamesu.base import InvalidInput
from tamesu.base.errors import close_match
from tamesu.sim import BernoulliWorld, DriftingWorld, Excerpt, LoggedWorld, World

KINDS = ("bernoulli", "drifting", "open-bandit")

HINT = (
    "bernoulli:0.1,0.2,…  (a rate for each arm), bernoulli:0.01..0.05  (rates drawn between, anew in "
    "each run), drifting:0.01..0.05  (drawn twice: rates move from one to the other), "
    "open-bandit:men  (clicks that were logged)"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where runs take place.

    Attributes:
        name: as it was asked for.
        kind: one of `KINDS`.
        rates: one for each arm, where they are given.
        low, high: rates are drawn between, where they are not.
        campaign: of the Open Bandit Dataset.
    """

    name: str
    kind: str
    rates: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 1.0
    campaign: str = ""

    @classmethod
    def parse(cls, name: str) -> Setting:
        """The setting that `--world` names.

        Raises:
            InvalidInput: an unknown kind (with the close match), or rates that cannot be.
        """
        kind, _, details = name.partition(":")
        if kind not in KINDS:
            match = close_match(kind, KINDS)
            raise InvalidInput(
                f"unknown world {kind!r}", hint=f"did you mean {match!r}?" if match else HINT
            )
        if kind == "open-bandit":
            return cls(name, kind, campaign=details or "men")
        if ".." in details or not details:
            low, high = _range(details) if details else (0.0, 1.0)
            return cls(name, kind, low=low, high=high)
        if kind == "drifting":
            raise InvalidInput(
                f"a drifting world takes a range of rates, got {details!r}", hint=HINT
            )
        return cls(name, kind, rates=tuple(_rate(text) for text in details.split(",")))

    def world(
        self, arms: tuple[str, ...], size: int, run: int, logged: LoggedWorld | None
    ) -> World:
        """The world of run `run`, from 0; what it draws, it draws from the run's number.

        Args:
            arms: ids, as declared.
            size: arms of a decision.
            run: which one.
            logged: what was logged, where that is played again.

        Raises:
            InvalidInput: arms that do not fit.
            NotFound: arms that were not logged.
        """
        if logged is not None:
            return Excerpt(logged, arms, size)
        if self.rates and len(self.rates) != len(arms):
            raise InvalidInput(
                f"--world must give a rate for each arm, in their order: {len(arms)} arms are "
                f"declared, got {len(self.rates)} rates"
            )
        if self.rates:
            return BernoulliWorld(self.rates)
        draw = np.random.default_rng([run, 0]).uniform
        start = draw(self.low, self.high, len(arms))
        if self.kind == "drifting":
            return DriftingWorld(start, draw(self.low, self.high, len(arms)))
        return BernoulliWorld(start)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition("..")
    found = _rate(low), _rate(high)
    if found[0] > found[1]:
        raise InvalidInput(f"a range of rates must rise, got {text!r}", hint=HINT)
    return found


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = float("nan")
    if not 0.0 <= rate <= 1.0:
        raise InvalidInput(f"a rate must lie in [0, 1], got {text.strip()!r}", hint=HINT)
    return rate
