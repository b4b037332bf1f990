"""Marginals by running policies again, and what the runs' own chance does to an estimate.

Refuses to take an estimate without that error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import NoSupport
from tamesu.evaluate.contrast import MOST_NUMBERS, refuse_another
from tamesu.evaluate.contributions import Statistic, value
from tamesu.evaluate.placements import Below, Runs, orders, placements_of
from tamesu.evaluate.slate_contrast import SlateContrast, slate_contrast_of
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]

MOST_SLATES = 1_024
"""That are looked at together: each may have been decided by a policy of its own, and these are all held."""


class Again(NamedTuple):
    """Both policies, to be run again.

    Attributes:
        logging: the logging policy, as it was when it decided each slate.
        target: the target policy.
        runs: how often, and with which chance.
        tell: hears how many of twice `asks` distributions they were asked for.
    """

    logging: Below
    target: Below
    runs: Runs
    tell: Callable[[int], Any] | None = None

    def told(self) -> tuple[Below, Below]:
        """Both policies, each telling when it is asked."""
        tell, done = self.tell, 0
        if tell is None:
            return self.logging, self.target

        def heard(below: Below) -> Below:
            def asked(slates: Slates, above: NDArray[np.intp]) -> Floats:
                nonlocal done
                found = below(slates, above)
                done += len(slates)
                tell(done)
                return found

            return asked

        return heard(self.logging), heard(self.target)


@dataclass(frozen=True, slots=True, eq=False)
class Rerun:
    """A contrast with marginals, and the same without one group of runs each.

    Attributes:
        contrast: with all runs.
        without: of G groups of runs the contrast without each; empty where marginals are exact.
    """

    contrast: SlateContrast
    without: tuple[SlateContrast, ...]

    def estimated(
        self, statistic: Callable[[SlateContrast], Statistic]
    ) -> tuple[Statistic, float | None]:
        """What each slate adds to the estimate, and the Monte Carlo error of that.

        The error is the standard deviation that the estimate has by the chance of the runs alone, by the jackknife over their
        groups; none where marginals are exact.

        Args:
            statistic: what makes the estimate of a contrast, as an estimator's `contributions`.
        """
        whole = statistic(self.contrast)
        if not self.without:
            return whole, None
        found = np.array([value(statistic(one)) for one in self.without])
        groups = len(found)
        return whole, float(np.sqrt((groups - 1) / groups * np.sum((found - found.mean()) ** 2)))


def rerun(slates: Slates, contrast: SlateContrast, again: Again, *, pairs: bool = False) -> Rerun:
    """`contrast` with how likely both policies bring arms to positions, by running both again.

    Args:
        slates: as logged.
        contrast: as the target policy sees them.
        again: both policies.
        pairs: whether the pseudo-inverse is asked for.

    Raises:
        NoSupport: too many orders of arms to look at them all, and no chance to draw some with, or too few runs.
        InvalidInput: a logging policy that gives logged arms other propensities than were logged: it is another one.
    """
    n, size, k = len(slates), slates.size, len(slates.arms)
    runs, (logging, target) = again.runs, again.told()
    groups = 1 if orders(k, size) <= runs.most_orders else runs.groups
    width = groups * size * k * (size * k if pairs else 1)
    held = orders(k, size) // 4 if groups == 1 else 1
    step = min(MOST_SLATES, max(1, MOST_NUMBERS // max(1, width, held)))
    columns = np.ones((groups + 1 if groups > 1 else 1, 3, n, size))
    for start in range(0, n, step):
        some = slice(start, start + step)
        part = slates.take(some)
        refuse_another(_below_logged(part, again.logging), part.propensity, start, "slate")
        theirs = placements_of(part, logging, runs, pairs=pairs)
        ours = placements_of(part, target, runs)
        for number in range(len(columns)):
            # Number 0 has all groups, number g all but group g - 1.
            kept = np.arange(groups) != number - 1
            marginal = theirs.first[kept].mean(axis=0)
            placed = ours.first[kept].mean(axis=0)
            both = None if theirs.pairs is None else theirs.pairs[kept].mean(axis=0)
            rows = np.maximum(part.chosen, 0)[:, :, None]
            logged = np.take_along_axis(marginal, rows, axis=2)[:, :, 0]
            _refuse_never(logged, part, start)
            known = replace(part, marginal=np.where(part.there, np.minimum(logged, 1.0), 1.0))
            seen = slate_contrast_of(
                known.checked(), contrast.target[some], placed=placed, pairs=both
            )
            columns[number, 0, some] = known.marginal
            columns[number, 1, some] = seen.placed
            if seen.pseudo_inverse is not None:
                columns[number, 2, some, 0] = seen.pseudo_inverse
    every = [
        replace(
            contrast,
            marginal=marginal,
            placed=placed,
            pseudo_inverse=weight[:, 0] if pairs else None,
        )
        for marginal, placed, weight in columns
    ]
    return Rerun(every[0], tuple(every[1:]))


def _refuse_never(marginal: Floats, part: Slates, start: int) -> None:
    """Raises where the runs never brought a logged arm near its position."""
    never = part.there & ~(marginal > 0.0)
    if never.any():
        row = int(np.argwhere(never)[0][0])
        raise NoSupport(
            f"runs must bring every logged arm to its position at times, in slate {start + row} they never did "
            f"({int(never.any(axis=1).sum()):,} such slates)",
            hint="take more runs",
        )


def _below_logged(part: Slates, logging: Below) -> Floats:
    """(m, L) how likely the logging policy makes each logged arm below those above it; 1 where there is none."""
    rows = np.arange(len(part))
    each = [logging(part, part.chosen[:, :at])[rows, part.chosen[:, at]] for at in range(part.size)]
    return np.where(part.there, np.stack(each, axis=1), 1.0)
