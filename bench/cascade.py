"""Regret of cascades without a context, beside the published table, many runs at once.

K of L arms attract one in five, the others Δ less; a visitor looks from the top and clicks the first that
attracts. What it takes off a click of the best K is the regret. The bounds of UCB are the paper's, by our
`kl_bound`; our own explorer `ucb` leaves out 3 log log t and counts examined deliveries for rounds, and is
measured beside it. Thompson sampling sorts one draw of each arm, as most others do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from figures import Figure, show
from tamesu.policy.examination import until_click
from tamesu.policy.kl_bound import kl_bound

ROUNDS = 100_000
ATTRACTION = 0.2
PUBLISHED = {
    (16, 2, 0.15): {"CascadeUCB1": 1290, "CascadeKL-UCB": 358, "Thompson": 155},
    (16, 4, 0.15): {"CascadeUCB1": 987, "CascadeKL-UCB": 275, "Thompson": 114},
    (32, 2, 0.15): {"CascadeUCB1": 2696, "CascadeKL-UCB": 761, "Thompson": 326},
}
"""After 100,000 rounds; Thompson is a reference of our own."""

RUNS = {"CascadeUCB1": 20, "CascadeKL-UCB": 20, "Thompson": 100, "ucb (ours)": 20}
WITHIN = {"CascadeUCB1": 0.05, "CascadeKL-UCB": 0.05, "Thompson": 0.08}

Floats = NDArray[np.float64]
Heights = Callable[[np.random.Generator, Floats, Floats, int], Floats]
"""What arms (runs, L) are sorted by, of their clicks and looks (same), in round t."""


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure(rounds: int = ROUNDS) -> Iterator[Figure]:
    """Each figure, one after the other."""
    for (arms, size, gap), published in PUBLISHED.items():
        for name, heights in HEIGHTS.items():
            lost = regret(heights, RUNS[name], arms=arms, size=size, gap=gap, rounds=rounds)
            mean = float(lost.mean())
            reference = published.get(name)
            yield Figure(
                name=f"regret of a cascade, {name}, L = {arms}, K = {size}, "
                f"{rounds:,} rounds, {RUNS[name]} runs",
                value=round(mean, 1),
                unit=f"clicks (± {lost.std(ddof=1) / np.sqrt(len(lost)):.1f})",
                against="" if reference is None else f"published: {reference}",
                ratio=None if reference is None else round(mean / reference, 3),
                reach="" if reference is None else f"≤ {1 + WITHIN[name]:g}",
                held=reference is None or abs(mean / reference - 1) <= WITHIN[name],
            )


def regret(
    heights: Heights, runs: int, *, arms: int, size: int, gap: float, rounds: int, seed: int = 1
) -> Floats:
    """(runs,) expected clicks missed in `rounds` rounds by whom sorts arms by `heights`."""
    rng = np.random.default_rng(seed)
    rates = np.full(arms, ATTRACTION - gap)
    rates[:size] = ATTRACTION
    best = 1.0 - (1.0 - ATTRACTION) ** size
    # Each arm was looked at once before the first round, as in the paper; Thompson needs no such look.
    first = heights is not thompson
    clicks = (rng.random((runs, arms)) < rates).astype(np.float64) * first
    looks = np.full((runs, arms), float(first))
    lost = np.zeros(runs)
    row = np.arange(runs)[:, None]
    for t in range(1, rounds + 1):
        height = heights(rng, clicks, looks, t) + 1e-12 * rng.random((runs, arms))
        placed = np.argpartition(-height, size - 1, axis=1)[:, :size]
        placed = np.take_along_axis(
            placed, np.argsort(-np.take_along_axis(height, placed, axis=1), axis=1), axis=1
        )
        attracted = rates[placed]
        rewards = until_click((rng.random((runs, size)) < attracted).astype(np.float64), 0.0)
        clicks[row, placed] += np.nan_to_num(rewards)
        looks[row, placed] += ~np.isnan(rewards)
        lost += best - 1.0 + np.prod(1.0 - attracted, axis=1)
    return lost


def ucb1(rng: np.random.Generator, clicks: Floats, looks: Floats, t: int) -> Floats:
    """The mean and sqrt(1.5 log t / n)."""
    del rng
    bound: Floats = clicks / looks + np.sqrt(1.5 * np.log(max(t - 1, 1)) / looks)
    return bound


class KlBounds:
    """Upper bounds by `kl_bound`: of arms that were looked at anew, of others when t grew by 1 %."""

    def __init__(self, *, paper: bool) -> None:
        self._paper = paper
        self._bounds, self._looks, self._until = np.empty(0), np.empty((0, 0)), 0

    def __call__(self, rng: np.random.Generator, clicks: Floats, looks: Floats, t: int) -> Floats:
        """The greatest rate q with n kl(mean, q) <= log t + 3 log log t; ours: log of all looks, flat prior."""
        del rng
        if t == 1 or t >= self._until:
            stale = np.ones(looks.shape, dtype=np.bool_)
            self._bounds, self._until = np.empty(looks.shape), t + t // 100 + 1
        else:
            stale = looks != self._looks
        if self._paper:
            log = np.log(max(t, 3))
            divergence = (log + 3.0 * np.log(log)) / looks[stale]
            rate = clicks[stale] / looks[stale]
        else:
            total = np.log(looks.sum(axis=1, keepdims=True))
            divergence = (total / looks)[stale]
            rate = (clicks[stale] + 1) / (looks[stale] + 2)
        self._bounds[stale] = kl_bound(rate, divergence)
        self._looks = looks.copy()
        return self._bounds


def thompson(rng: np.random.Generator, clicks: Floats, looks: Floats, t: int) -> Floats:
    """A draw of each arm's posterior, from Beta(1, 1)."""
    del t
    return rng.beta(1.0 + clicks, 1.0 + looks - clicks)


HEIGHTS: dict[str, Heights] = {
    "CascadeUCB1": ucb1,
    "CascadeKL-UCB": KlBounds(paper=True),
    "Thompson": thompson,
    "ucb (ours)": KlBounds(paper=False),
}


if __name__ == "__main__":
    main()
