"""Kinds of worlds that `--world` may name, and their options. Refuses to make one: `making` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from tamesu.base import Duration, InvalidInput
from tamesu.cli.simulate import making
from tamesu.cli.simulate.making import Needs
from tamesu.sim import (
    AdversarialWorld,
    BernoulliWorld,
    CoefficientsWorld,
    DelayedWorld,
    GaussianWorld,
    SeveralWorld,
    World,
)

USUAL_RATE = 0.2689414213699951
"""1 / (1 + e): a logit of -1."""


class Contexts(Enum):
    """What a kind of world makes of contexts."""

    NONE = "none"
    POSSIBLE = "possible"
    NEEDED = "needed"


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


SHARED = Option(0.5, 0.0, 1.0)
"""How much of what contexts change is by what arms tell of themselves, where they tell anything."""

KINDS: Mapping[str, Kind] = {
    "bernoulli": Kind(lambda needs: BernoulliWorld(needs.rates)),
    "gaussian": Kind(
        lambda needs: GaussianWorld(needs.rates, needs.options["sd"]),
        {"sd": Option(1.0, 0.0, 1e6)},
        share=False,
    ),
    "drifting": Kind(making.drifting, given=False, changes=True),
    "switching": Kind(making.switching, {"jumps": Option(1, 1, 1000, whole=True)}, changes=True),
    "delayed": Kind(
        lambda needs: DelayedWorld(needs.rates, needs.options["mean"]),
        {"mean": Option(60_000_000, 1, 366 * 86_400e6, length=True)},
    ),
    "positioned": Kind(
        making.positioned, {"examined": Option(0.7, 0.0, 1.0), "apart": Option(0.5, 0.0, 1.0)}
    ),
    "cascade": Kind(
        making.cascade,
        {"slope": Option(1.0, 0.0, 100.0), "shared": SHARED},
        contexts=Contexts.POSSIBLE,
    ),
    "adversarial": Kind(lambda needs: AdversarialWorld(needs.rates), changes=True, fixed=True),
    "linear": Kind(
        making.linear,
        {"sd": Option(0.5, 0.0, 1e6), "slope": Option(1.0, 0.0, 1e6), "shared": SHARED},
        share=False,
        worth=(0.0, 0.0),
        contexts=Contexts.NEEDED,
    ),
    "logistic": Kind(
        making.logistic,
        {"slope": Option(2.0, 0.0, 100.0), "shared": SHARED},
        worth=(USUAL_RATE, USUAL_RATE),
        contexts=Contexts.NEEDED,
    ),
    "combination": Kind(
        making.combination,
        {"slope": Option(1.0, 0.0, 100.0), "crossed": Option(0.5, 0.0, 100.0)},
        given=False,
        worth=(USUAL_RATE, USUAL_RATE),
        contexts=Contexts.POSSIBLE,
        combinations=True,
    ),
    "objectives": Kind(
        making.several, {"against": Option(0.8, 0.0, 1.0)}, given=False, several=True
    ),
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
