"""`Combiner`: what of a policy over combinations no state changes, and what is thought of its options.

Refuses to search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Conflict, Declaration, InvalidInput
from tamesu.base.slots import combination_id, option_id, options_of
from tamesu.policy.combination.appraisal import Appraisal
from tamesu.policy.combination.finding import Finding, finding_of
from tamesu.policy.combination.space import Among, Rows, Space
from tamesu.policy.contract import Arms, Coefficients, Marginals, Reading
from tamesu.policy.features import Encoder
from tamesu.policy.uniforms import seed_key

ALL = "combinations"
"""Of which arm a belief is asked: they share every coefficient, and are too many to be told apart."""


class Spelt(Mapping[str, dict[str, Any]]):
    """What each combination tells of itself, by what it is called: its options. Lists none."""

    def __getitem__(self, combination: str) -> dict[str, Any]:
        return {**options_of(combination)}

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Combiner(NamedTuple):
    """What a declaration makes of its combinations.

    Attributes:
        space: which there are.
        appraisal: what coefficients make of them.
        finding: what the explorer asks for.
        key: of the bandit's uniforms; none where it has no seed yet.
        asked: of which arms a belief is asked for a reading.
    """

    space: Space
    appraisal: Appraisal
    finding: Finding
    key: bytes | None
    asked: Arms

    @classmethod
    def of(cls, declaration: Declaration, encoder: Encoder) -> Combiner:
        """The combiner of a declaration with slots.

        Raises:
            InvalidDeclaration: an explorer that cannot choose among combinations.
        """
        space = Space(declaration.slots, declaration.infeasible)
        pairs = [pair for pair in declaration.interacting if {*pair} <= declaration.slots.keys()]
        return cls(
            space,
            Appraisal(space, pairs, encoder),
            finding_of(declaration),
            None if declaration.seed is None else seed_key(declaration.seed),
            Arms((ALL,), np.zeros((1, encoder.arm_width))),
        )

    def rows(self, arms: Sequence[str]) -> Rows:
        """(n,) rows of options called `arms`."""
        row = {name: number for number, name in enumerate(self.space.ids)}
        return np.array([row[arm] for arm in arms], dtype=np.intp)

    def delivered(self, combination: str) -> tuple[str, ...]:
        """The options of a combination, as arms; what is none of its combinations as it is."""
        if not self.knows(combination):
            return (combination,)
        return tuple([option_id(*item) for item in options_of(combination).items()])

    def listed(self, options: Sequence[str], most: int) -> tuple[str, ...] | None:
        """What all combinations of these options are called; none of more than `most`."""
        found = self.space.listed(np.sort(self.rows(options)), most)
        return None if found is None else tuple([self.space.named(rows) for rows in found.tolist()])

    def knows(self, combination: str) -> bool:
        """Whether that is what one of its combinations is called, feasible or not."""
        options = options_of(combination)
        same = combination_id(options) == combination and tuple(options) == self.space.slots
        return same and {option_id(*item) for item in options.items()} <= {*self.space.ids}

    def refuse(self, arms: Sequence[str], bandit: str) -> None:
        """Refuses arms that are no options, or leave no combination.

        Raises:
            InvalidInput: an arm that no slot declares.
            Conflict: they leave none.
        """
        unknown = [arm for arm in arms if arm not in self.space.ids]
        if unknown:
            raise InvalidInput(
                f"an arm of bandit {bandit!r} must be an option of a slot, got {unknown[0]!r}",
                hint="declare the option, under slots",
                arm=unknown[0],
            )
        try:
            Among(self.space, np.sort(self.rows(arms)))
        except InvalidInput as problem:
            raise Conflict(
                f"bandit {bandit!r} must keep a combination, with an option of each slot; these arms "
                "leave none",
                hint="revive others first",
            ) from problem

    def options(
        self, reading: Reading, arms: Sequence[str], context: NDArray[np.float64] | None
    ) -> Marginals:
        """What the options `arms` are worth, each beside the others of all slots evenly.

        `observations` are those of combinations with it, as they weigh now where something is forgotten.

        Args:
            reading: of `asked`.
            arms: n options.
            context: (d,) columns; none for the mean context of what was learnt.
        """
        shared = coefficients_of(reading)
        at = reading.typical if context is None else context
        rows = self.rows(arms)
        told = reading.at(at)
        return Marginals(
            kind=told.kind,
            family=shared.worth(self.appraisal.alone(at)[rows]),
            observations=np.rint(self.appraisal.counts(shared.sums)[rows]).astype(np.int64),
            total=told.total,
        )


def coefficients_of(reading: Reading) -> Coefficients:
    """The coefficients that all combinations share."""
    if reading.coefficients is None:
        raise Bug("combinations need a belief whose arms share all coefficients")
    return reading.coefficients
