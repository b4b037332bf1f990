"""`Logged`: decisions of one bandit of which all is known, with everything that was recorded of them.

Estimators look at columns (`Rounds`, `Slates`); a candidate may ask for contexts by name, for ids, and for who was
eligible: it finds them here, by the `row` of a round. Refuses to say what a candidate would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Bug, NoSupport, Outcome
from tamesu.evaluate.latest import Deliveries, sifted
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Logged:
    """n decisions in the order of their log, m deliveries.

    Attributes:
        told: the deliveries.
        arms: K ids: all that were ever eligible.
        sets: lists of eligible arms, or of combinations of eligible options; `among` (n,) says whose is which.
        version: (n,) of the snapshot that decided.
        context: (n, d) columns of what was known before.
        features: (K, a) columns of what arms tell of themselves.
        size: how many arms a decision delivers where so many are eligible.
        left_out: how many decisions of the log are not here, by why; see `Latest`. Besides: `context`, whose context
            does not fit the schema.
    """

    told: Deliveries
    arms: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    among: NDArray[np.intp]
    version: NDArray[np.int64]
    context: Floats
    features: Floats
    size: int
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.told.first)

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """(n,) of the decisions."""
        ids: NDArray[np.object_] = self.told.rows.decision_id[self.told.first]
        return ids

    @cached_property
    def contexts(self) -> NDArray[np.object_]:
        """(n,) what was known before, as it was recorded."""
        contexts: NDArray[np.object_] = self.told.rows.context[self.told.first]
        return contexts

    @cached_property
    def decided(self) -> NDArray[np.int64]:
        """(n,) microseconds."""
        decided: NDArray[np.int64] = self.told.rows.decided[self.told.first]
        return decided

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """(n,) of the declaration that each was decided under."""
        return self.told.number[self.told.first]

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """(n,) how many arms each delivered."""
        return np.diff(np.append(self.told.first, len(self.told.rows)))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each arm in `arms`."""
        return {arm: place for place, arm in enumerate(self.arms)}

    def since(self, moment: int) -> Logged:
        """Those decided from `moment` on; the others are counted as `before`.

        Raises:
            NoSupport: there is none.
        """
        kept = self.decided >= moment
        if not kept.any():
            raise NoSupport(
                f"decisions must be made after what the candidate has learnt from, all {len(self):,} were "
                "made before",
                hint="wait for some, or take a candidate that knows less:  --at",
            )
        gone = {"before": int(np.count_nonzero(~kept))}
        return replace(self.take(kept), left_out={**self.left_out, **gone})

    def take(self, kept: NDArray[np.bool_]) -> Logged:
        """Those at the mask `kept` (n,), at least one."""
        told = sifted(self.told, kept)
        if told is None:
            raise Bug("at least one decision must be taken")
        return replace(
            self,
            told=told,
            among=self.among[kept],
            version=self.version[kept],
            context=self.context[kept],
        )

    def rounds(self) -> Rounds:
        """They as rounds, one arm each; `row` is their place here.

        Raises:
            NoSupport: decisions of several arms.
        """
        rows = self.told.rows
        if self.size > 1:
            raise NoSupport(
                "decisions must be of one arm each to be judged one by one, these are slates",
                hint="judge slates as a whole",
            )
        return Rounds.of(
            rows.arm,
            _rewards(self.told),
            rows.propensity,
            among=self.arms,
            contexts=self.context,
            features=self.features,
            eligible=self._eligible(),
            units=rows.unit[self.told.first],
            shown=rows.outcome != Outcome.UNSHOWN,
            decided=rows.decided,
        )

    def slates(self) -> Slates:
        """They as slates; `row` is their place here."""
        rows, n, size = self.told.rows, len(self), self.size
        place = np.repeat(np.arange(n), self.sizes), rows.position

        def table(values: NDArray[Any], empty: Any) -> NDArray[Any]:
            made = np.full((n, size), empty, dtype=values.dtype)
            made[place] = values
            return made

        return Slates.of(
            table(rows.arm, None),
            table(_rewards(self.told), 0.0),
            table(rows.propensity, 1.0),
            among=self.arms,
            contexts=self.context,
            features=self.features,
            eligible=self._eligible(),
            units=rows.unit[self.told.first],
            shown=table(rows.outcome != Outcome.UNSHOWN, empty=False),
            decided=self.decided,
        )

    def _eligible(self) -> NDArray[np.bool_] | None:
        """(n, K); none where all arms were, always."""
        masks = np.zeros((len(self.sets), len(self.arms)), np.bool_)
        for mask, ids in zip(masks, self.sets, strict=True):
            mask[[self.places[arm] for arm in ids]] = True
        return None if masks[np.unique(self.among)].all() else masks[self.among]


def _rewards(told: Deliveries) -> Floats:
    """(m,) rewards; 0 of what nobody looked at."""
    looked = told.rows.outcome == Outcome.OBSERVED
    return np.where(looked, told.rows.reward / GRID, 0.0)
