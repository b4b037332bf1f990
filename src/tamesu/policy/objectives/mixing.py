"""Explorers over several objectives: each asks for the best mixture of arms, by means or by draws.

An explorer that can do with several objectives has a method `over_objectives`, which gives one of these.
Refuses the others: being the best is not defined for an arm, only for a mixture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug
from tamesu.policy.contract import POSTERIORS, Explorer, Marginals, PropensitiesOf
from tamesu.policy.uniforms import Uniforms

Floats = NDArray[np.float64]

Best: TypeAlias = Callable[[Floats], Floats]
"""Scores (m, n, D) of m draws, n arms and D objectives to the best mixture of each draw (m, n)."""

FITTING = ("epsilon_greedy", "greedy", "thompson", "uniform")
"""Our explorers that can do with several objectives."""


@runtime_checkable
class OverObjectives(Protocol):
    """An explorer that can do with several objectives."""

    def over_objectives(self, best: Best, key: bytes) -> Explorer:
        """The same over marginals with `objectives`.

        Args:
            best: what is best.
            key: of the bandit's uniforms.
        """
        ...


class MixtureOfMeans:
    """p = (1 - even) times the best mixture by the means, and the rest spread evenly. Exact.

    Args:
        best: what is best.
        even: share of the probability that is spread evenly, [0, 1].
        explore: as of every explorer.
    """

    families: frozenset[str] | None = None

    def __init__(self, best: Best, even: float, explore: float) -> None:
        self.explore = explore
        self._best = best
        self._even = even

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its means."""
        means = np.stack([part.family.mean() for part in marginals.objectives], axis=1)

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> Floats:
            del uniforms
            shares: Floats = (1.0 - self._even) * self._best(means[None, rows])[0]
            return shares + self._even / len(rows)

        return propensities


class MixtureOfDraws:
    """p_a = (m f_a + 1 / n) / (m + 1), f the mean of the best mixtures of m draws from the posteriors.

    As with Thompson sampling of shared parameters (`tamesu.policy.explorers.thompson`) one draw is uniform,
    so that every arm has support; the decision is drawn from p, which is exact whatever m is. Objectives
    are drawn independently, and so are the arms of a belief whose arms are independent.

    Arms of which the same is thought share, to the bit, and no order of the arms enters.

    Where no context matters draws belong to the state, and all its decisions share them: a mixture of
    many draws is hard work. In a context they are the decision's own.

    Args:
        best: what is best.
        draws: m.
        explore: as of every explorer.
        key: of the bandit's uniforms.
    """

    families: frozenset[str] | None = POSTERIORS

    def __init__(self, best: Best, draws: int, explore: float, key: bytes) -> None:
        self.explore = explore
        self._best = best
        self._draws = draws
        self._key = key

    def draws(self, marginals: Marginals) -> int | None:
        """As many as declared."""
        del marginals
        return self._draws

    def of_state(self, marginals: Marginals) -> bool:
        """Whether all decisions of a state share its draws."""
        return not marginals.passing

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The mean of best mixtures of any subset, the uniform draw included; all see the same draws."""
        alike = _alike(marginals.objectives)
        last: tuple[Uniforms | None, Floats] | None = None

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> Floats:
            nonlocal last
            known = last
            whose = uniforms if marginals.passing else None
            if known is None or known[0] is not whose:
                # Another thread may replace it: what is used is what was looked at, or made, here.
                known = last = whose, self._drawn(marginals, alike, whose)
            mixture: Floats = self._best(known[1][:, rows]).sum(axis=0)
            if alike is not None:
                mixture = _shared(mixture, alike[rows])
            shares: Floats = (mixture + 1.0 / len(rows)) / (self._draws + 1.0)
            return shares

        return propensities

    def _drawn(
        self, marginals: Marginals, alike: NDArray[np.intp] | None, uniforms: Uniforms | None
    ) -> Floats:
        """(m, n, D) draws of all scores."""
        if uniforms is None and marginals.passing:
            raise Bug("propensities made of draws need the uniforms of a decision")
        place = slice(None) if alike is None else np.argsort(np.argsort(alike, kind="stable"))
        drawn: list[Floats] = []
        for number, part in enumerate(marginals.objectives):
            if uniforms is None:
                source = Uniforms(self._key, f"objective.{number}.{marginals.total}")
            else:
                source = uniforms.of_objective(number)
            if part.joint is not None:
                drawn.append(part.joint(self._draws, source))
                continue
            shares = source.stream(self._draws * len(part)).reshape(self._draws, len(part))
            drawn.append(part.family.quantile(shares[:, place]))
        return np.stack(drawn, axis=2)


def _alike(objectives: Sequence[Marginals]) -> NDArray[np.intp] | None:
    """(n,) numbers that arms of which the same is thought have in common, in an order free of the arms'.

    None where arms share parameters: then the same may be thought of arms that go with different others.
    """
    if any(part.joint is not None for part in objectives):
        return None
    kinds = np.stack([part.family.distinct()[1] for part in objectives], axis=1)
    _, alike = np.unique(kinds, axis=0, return_inverse=True)
    return alike.reshape(-1).astype(np.intp)


def _shared(mixture: Floats, alike: NDArray[np.intp]) -> Floats:
    """(k,) the same mixture, arms of which the same is thought by the same part, to the bit."""
    counts = np.bincount(alike)
    parts: Floats = np.bincount(alike, weights=mixture) / np.maximum(counts, 1)
    return parts[alike]
