"""Kinds of worlds that `--world` may name: their options, and how each is made for a run.

Refuses to draw from anything but the run's own source.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from tamesu.base import Bug, Duration, InvalidInput
from tamesu.base.aims import Aims
from tamesu.sim import (
    AdversarialWorld,
    BernoulliWorld,
    CascadeWorld,
    CoefficientsWorld,
    ContextualCascadeWorld,
    DelayedWorld,
    DriftingWorld,
    GaussianWorld,
    Kinship,
    LinearWorld,
    LogisticWorld,
    PositionedWorld,
    SeveralWorld,
    SwitchingWorld,
    World,
)


class Contexts(Enum):
    """What a kind of world makes of contexts."""

    NONE = "none"
    POSSIBLE = "possible"
    NEEDED = "needed"


class Needs(NamedTuple):
    """What the world of one run is made of.

    Attributes:
        given: (n,) what each arm is worth, or none where it is drawn.
        draw: (n,) or (n, k) numbers from the range that was asked for.
        options: by name.
        arms, size: how many, and how many a decision delivers.
        width: columns of a context.
        aims: objectives, where there are several.
        normal: numbers of that shape, standard normal.
        kin: what arms are worth by what they tell of themselves, of the size 1, drawn now; pairs of
            slots, and what crosses them with a context, count so much beside options. None where arms
            tell nothing.
    """

    given: NDArray[np.float64] | None
    draw: Callable[[int | tuple[int, int]], NDArray[np.float64]]
    options: Mapping[str, float]
    arms: int
    size: int
    width: int
    normal: Callable[[tuple[int, int]], NDArray[np.float64]]
    kin: Callable[[float], Kinship] | None = None
    aims: Aims | None = None

    @property
    def rates(self) -> NDArray[np.float64]:
        """As given, else drawn now."""
        return self.draw(self.arms) if self.given is None else self.given


class Option(NamedTuple):
    """An option of a world: its default, its least and greatest value."""

    default: float
    least: float
    greatest: float
    whole: bool = False
    length: bool = False

    def read(self, name: str, text: str) -> float:
        """The value that `text` says.

        Raises:
            InvalidInput: none, or one that cannot be.
        """
        try:
            value = float(Duration.parse(text)) if self.length else float(text)
        except ValueError:
            value = float("nan")
        if not self.least <= value <= self.greatest or (self.whole and value != int(value)):
            raise InvalidInput(
                f"{name} of a world must {self._range()}, got {text!r}",
                hint=f"leave it out for {name}={self._text(self.default)}",
            )
        return value

    def _range(self) -> str:
        ends = f"{self._text(self.least)} and {self._text(self.greatest)}"
        what = "be a whole number" if self.whole else "be a length" if self.length else "lie"
        return f"{what} between {ends}"

    def _text(self, value: float) -> str:
        return Duration(int(value)).text() if self.length else f"{value:g}"


class Kind(NamedTuple):
    """One kind of world.

    Attributes:
        make: of what it needs.
        options: by name.
        share: whether what an arm is worth is a rate, in [0, 1].
        given: whether it can be given for each arm.
        changes: whether it changes in the course of a run.
        fixed: whether regret is told against the best arms held fixed: nobody could foresee more.
        worth: the range that arms' worth is drawn from where none is given.
        contexts: whether a declaration may have one.
        combinations: whether it is for slots, and they for it.
        several: whether it is for several objectives, and those that are learnt apart for it.
    """

    make: Callable[[Needs], World | CoefficientsWorld | SeveralWorld]
    options: Mapping[str, Option] = {}
    share: bool = True
    given: bool = True
    changes: bool = False
    fixed: bool = False
    worth: tuple[float, float] = (0.0, 1.0)
    contexts: Contexts = Contexts.NONE
    combinations: bool = False
    several: bool = False


def _drifting(needs: Needs) -> World:
    return DriftingWorld(needs.rates, needs.rates)


def _switching(needs: Needs) -> World:
    jumps = int(needs.options["jumps"])
    if needs.given is not None:
        return SwitchingWorld(np.stack([np.roll(needs.given, jump) for jump in range(jumps + 1)]))
    return SwitchingWorld(needs.draw((jumps + 1, needs.arms)))


def _positioned(needs: Needs) -> World:
    rates = needs.rates
    own = needs.draw((needs.arms, needs.size))
    examination = [needs.options["examined"] ** position for position in range(needs.size)]
    return PositionedWorld.examined(rates, examination, own=own, apart=needs.options["apart"])


def _kinship(needs: Needs) -> Kinship:
    """What arms are worth in a context, beside their own worth: of the deviation `slope`.

    `shared` of its variance is by what they tell of themselves, the rest is each arm's own: so large that
    products with N(0, I) have its deviation, whatever the width.
    """
    if not needs.width:
        raise InvalidInput(
            "a world with a context needs columns of one, and the declaration has none",
            hint="declare  context: 10  or another schema",
        )
    slope = needs.options["slope"]
    shared = 0.0 if needs.kin is None else needs.options["shared"]
    scale = slope * math.sqrt(1.0 - shared) / math.sqrt(needs.width)
    own = Kinship(np.zeros(needs.arms), scale * needs.normal((needs.arms, needs.width)))
    if needs.kin is None or not shared:
        return own
    kin = needs.kin(1.0).times(slope * math.sqrt(shared))
    return Kinship(kin.offsets, own.coefficients + kin.coefficients)


def _linear(needs: Needs) -> CoefficientsWorld:
    kin = _kinship(needs)
    return LinearWorld(kin.coefficients, needs.rates + kin.offsets, sd=needs.options["sd"])


def _logistic(needs: Needs) -> CoefficientsWorld:
    kin = _kinship(needs)
    return LogisticWorld(kin.coefficients, _logits(needs.rates) + kin.offsets)


def _cascade(needs: Needs) -> World | CoefficientsWorld:
    if not needs.width:
        return CascadeWorld(needs.rates)
    kin = _kinship(needs)
    return ContextualCascadeWorld(kin.coefficients, _logits(needs.rates) + kin.offsets)


def _combination(needs: Needs) -> CoefficientsWorld:
    if needs.kin is None:
        raise Bug("combinations tell of their options")
    usual = _logits(needs.draw(1))
    kin = needs.kin(needs.options["crossed"]).times(needs.options["slope"])
    return LogisticWorld(kin.coefficients, usual + kin.offsets)


def _several(needs: Needs) -> SeveralWorld:
    """Rates by objective, drawn each by itself; so much as objectives are `against` each other, an arm has
    portions of them: much of one leaves little of the others.
    """
    if needs.aims is None:
        raise Bug("a declaration without objectives is refused before")
    shape = needs.arms, len(needs.aims.names)
    portions = needs.normal(shape) ** 2
    portions *= shape[1] / portions.sum(axis=1, keepdims=True)
    rates = needs.draw(shape) * (1.0 + needs.options["against"] * (portions - 1.0))
    return SeveralWorld(np.minimum(rates, 1.0), needs.aims)


def _logits(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = logit(np.clip(rates, SMALLEST_RATE, 1 - SMALLEST_RATE))
    return logits


SMALLEST_RATE = 1e-9
"""Rates of a logistic world are kept so far from 0 and from 1."""
USUAL_RATE = 0.2689414213699951
"""1 / (1 + e): a logit of -1."""

SHARED = Option(0.5, 0.0, 1.0)
"""How much of what contexts change is by what arms tell of themselves, where they tell anything."""

KINDS: Mapping[str, Kind] = {
    "bernoulli": Kind(lambda needs: BernoulliWorld(needs.rates)),
    "gaussian": Kind(
        lambda needs: GaussianWorld(needs.rates, needs.options["sd"]),
        {"sd": Option(1.0, 0.0, 1e6)},
        share=False,
    ),
    "drifting": Kind(_drifting, given=False, changes=True),
    "switching": Kind(_switching, {"jumps": Option(1, 1, 1000, whole=True)}, changes=True),
    "delayed": Kind(
        lambda needs: DelayedWorld(needs.rates, needs.options["mean"]),
        {"mean": Option(60_000_000, 1, 366 * 86_400e6, length=True)},
    ),
    "positioned": Kind(
        _positioned, {"examined": Option(0.7, 0.0, 1.0), "apart": Option(0.5, 0.0, 1.0)}
    ),
    "cascade": Kind(
        _cascade,
        {"slope": Option(1.0, 0.0, 100.0), "shared": SHARED},
        contexts=Contexts.POSSIBLE,
    ),
    "adversarial": Kind(lambda needs: AdversarialWorld(needs.rates), changes=True, fixed=True),
    "linear": Kind(
        _linear,
        {"sd": Option(0.5, 0.0, 1e6), "slope": Option(1.0, 0.0, 1e6), "shared": SHARED},
        share=False,
        worth=(0.0, 0.0),
        contexts=Contexts.NEEDED,
    ),
    "logistic": Kind(
        _logistic,
        {"slope": Option(2.0, 0.0, 100.0), "shared": SHARED},
        worth=(USUAL_RATE, USUAL_RATE),
        contexts=Contexts.NEEDED,
    ),
    "combination": Kind(
        _combination,
        {"slope": Option(1.0, 0.0, 100.0), "crossed": Option(0.5, 0.0, 100.0)},
        given=False,
        worth=(USUAL_RATE, USUAL_RATE),
        contexts=Contexts.POSSIBLE,
        combinations=True,
    ),
    "objectives": Kind(_several, {"against": Option(0.8, 0.0, 1.0)}, given=False, several=True),
}
"""All but `open-bandit`, which is made of a log."""


def options_of(kind: str, given: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Every option of `kind`: as given, else its default.

    Raises:
        InvalidInput: one that the kind does not have, one named twice, or a value that cannot be.
    """
    known = KINDS[kind].options
    values = {name: option.default for name, option in known.items()}
    named: set[str] = set()
    for name, text in given:
        if name not in known or name in named:
            having = ", ".join(known) or "none"
            wrong = "is given twice" if name in named else f"is no option of a {kind} world"
            raise InvalidInput(f"{name!r} {wrong}", hint=f"options of {kind}: {having}")
        named.add(name)
        values[name] = known[name].read(name, text)
    return values
