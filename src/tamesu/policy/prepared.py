"""`Prepared`: a policy at one state and one moment, ready to choose; and what it chooses.

`Choosing` is one among arms, `tamesu.policy.combination.Combining` among combinations. Refuses to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What one decision delivers, by position.

    Attributes:
        arms: their ids.
        propensities: each given the arms placed before it.
        scores: expected reward of each.
        draws: Monte Carlo draws behind the propensities; none where they are exact.
    """

    arms: tuple[str, ...]
    propensities: tuple[float, ...]
    scores: tuple[float, ...]
    draws: int | None


class Choices(NamedTuple):
    """What n decisions of k deliveries each deliver.

    Attributes:
        rows: (n, k) rows of the arms, by position.
        propensities: (n, k) each given the arms placed before it.
        names: what the rows number, where it is not the prepared arms.
    """

    rows: NDArray[np.intp]
    propensities: NDArray[np.float64]
    names: tuple[str, ...] | None = None


class Prepared(Protocol):
    """Chooses among `arms` by what one state thinks of them.

    Laws: what is chosen is drawn from the distribution whose propensities it tells; the same id, eligible set
    and context give the same.

    Attributes:
        arms: n ids, in the order of every vector.
        contextual: whether the context of a decision matters.
    """

    arms: tuple[str, ...]
    contextual: bool

    @property
    def figures(self) -> Mapping[str, float]:
        """What the explorer made of all that was learnt, by name; where positions have beliefs, of the first."""
        ...

    def choose(
        self,
        decision_id: str,
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> Choice:
        """What the decision `decision_id` delivers: always the same for the same id and context.

        Args:
            decision_id: the source of its uniforms.
            eligible: ids that may be chosen, in any order; none for all.
            context: (d,) columns; none for the mean context of what was learnt.

        Raises:
            InvalidInput: nothing that is eligible, or an arm named twice.
            NotFound: an eligible arm that is not here.
        """
        ...

    def choose_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> Choices:
        """What n decisions deliver: `choose` of each, faster where a decision delivers one arm.

        Args:
            decision_ids: n ids.
            eligible: as in `choose`, for all of them.
            contexts: (n, d), a row for each; none for the mean context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        ...

    def propensities(
        self,
        eligible: Sequence[str] | None = None,
        decision_id: str | None = None,
        position: int = 0,
        context: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) probability of each of `arms` to be placed first; 0 for arms not eligible.

        Args:
            eligible: as in `choose`; for a position further down, without those placed above it.
            decision_id: matters where the distribution is made of a decision's draws; none for the
                mean over some decisions, which is how often an arm is chosen.
            position: the one to be placed; it matters where positions have beliefs of their own.
            context: as in `choose`.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        ...

    def propensities_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(m, n) `propensities` of m decisions, each with its own id and context, faster.

        Args:
            decision_ids: m ids.
            eligible: as in `choose`, for all of them.
            contexts: (m, d), a row for each; none for the mean context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        ...

    def placed(
        self,
        decision_id: str,
        arms: Sequence[str],
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> tuple[float, ...]:
        """How likely `arms` are to be delivered, from the top, each given those above it; 0 from where they cannot.

        Law: of what `choose` of the same id, eligible set and context delivers, its propensities.

        Args:
            decision_id: the source of its draws, where there are any.
            arms: what deliveries name, by position, unique.
            eligible: as in `choose`.
            context: as in `choose`.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        ...

    @property
    def least(self) -> float:
        """The least propensity that `explore` guarantees, whatever else is eligible."""
        ...
