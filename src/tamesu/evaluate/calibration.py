"""Whether logged propensities can be right: bets at evens against them, which nobody wins where they are.

With right propensities 1{arm = a} / p has the mean 1 in every round in which a might be chosen, whatever came before.
So a gambler who stakes a part of what they have on "more than 1" gains nothing in the mean: their wealth is a
martingale that starts at 1, and is above 1/alpha with a probability of alpha at most (Ville's inequality) — however
heavy the tails, and in logs of a policy that was learning, too. One stakes on each arm, one on any arm, one on the target
policy's weights; some at all times, some more at a position or a time, or where a column of the context is large among all
that came, small, or near the middle, or two of them are large or small together.

    wealth = mean over bets of prod over rounds of (1 + stake * f * (W - 1)),   f in [0, 1]

It finds propensities that are too small, swapped between rows, of another arm, or of another time. It cannot tell
propensities that are too large from arms that were never tried: the mean weight does. Nor can it find rows that were swapped
where nothing in the log says what their propensities depended on. A choice that stands in several rows, as one kept for a
unit does, is drawn once: with the same propensity in each row they cannot be right. Refuses to correct anything.

Source: Waudby-Smith & Ramdas 2024 (betting); Vovk & Wang 2021 (e-values are merged by their mean).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.lot import evenly
from tamesu.evaluate.occasions import SPANS, most_occasions, occasions_of
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

STAKES = 0.5 ** np.arange(1, 17, 2)
"""Parts of one's wealth: the best one is about the excess over the variance, which spans four decades."""

MOST_CELLS = 1 << 20
"""Of rows times columns that are bet on; of more rows some are taken, evenly."""

MOST_RATIO = 1e18
"""A ratio counts as no more: that makes a bet worse, never better, and products of `TOGETHER` of them are numbers."""

TOGETHER = 16
"""So many factors of a product before its logarithm is taken, which costs more than they do."""

ANY, TARGET = "any arm", "the target policy's weights"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the bets went.

    Attributes:
        evidence: log10 of the wealth; by chance it is above x with a probability of 10^-x at most.
        against: on what most was won: an arm, any arm, or the target policy's weights.
        arms: what is logged of each, in the order of `Rounds.arms`.
    """

    evidence: float
    against: str
    arms: tuple[ArmLogged, ...]


@dataclass(frozen=True, slots=True)
class ArmLogged:
    """An arm in the log, and what the target policy wants of it.

    Attributes:
        arm: its id.
        rounds: in which it might be chosen.
        chosen: in which it was.
        stood_for: of how many these tell, sum of 1 / p: about `rounds` where propensities are right.
        error: standard error of that.
        wanted: mean probability under the target policy.
        reward: its mean where it was chosen; 0 where it never was.
    """

    arm: str
    rounds: int
    chosen: int
    stood_for: float
    error: float
    wanted: float
    reward: float


def calibration(rounds: Rounds, contrast: Contrast) -> Calibration:
    """The bets of these rounds. O(n), and O(n K) where arms were eligible at times."""
    n, k = len(rounds), len(rounds.arms)
    eligible = rounds.eligible
    choices = np.full(n, k) if eligible is None else eligible.sum(axis=1)
    stands = np.minimum(1.0 / rounds.propensity, MOST_RATIO)
    possible = np.full(k, n) if eligible is None else eligible.sum(axis=0)
    basic = np.stack(
        [
            *_won_of_arms(rounds.chosen, stands, possible),
            _won(stands / choices),
            _won(np.minimum(contrast.weight, MOST_RATIO)),
        ]
    )
    # Half of all that is staked is staked on plain sums, where most of what goes wrong shows.
    parts = [float(special.logsumexp(basic)) - np.log(2.0 * basic.size)]
    against = special.logsumexp(basic, axis=1)
    finer, bets = _won_by(rounds, stands)
    if bets:
        parts.append(float(special.logsumexp(finer)) - np.log(2.0 * k * bets))
        against[:k] = np.logaddexp(against[:k], finer - np.log(k * bets / basic.size))
    names = (*rounds.arms, ANY, TARGET)
    return Calibration(
        evidence=float(special.logsumexp(parts)) / np.log(10.0),
        against=names[int(np.argmax(against))],
        arms=_logged(rounds, contrast, possible),
    )


def _won(ratio: Floats) -> Floats:
    """(stakes,) log wealth of bets on ratios (n,) whose mean is 1."""
    cuts = _Cuts.of(np.zeros(1, np.intp), len(ratio))
    over = (ratio - 1.0)[:, None]
    wealth = [float(cuts.log_products(1.0 + stake * over)[0, 0]) for stake in STAKES]
    return np.array(wealth, dtype=np.float64)


def _won_of_arms(chosen: Codes, stands: Floats, possible: Codes) -> Floats:
    """(K, stakes) log wealth of bets on each arm, which might be chosen in `possible` (K,) of the rounds."""
    order, cuts, some = _by_arm(chosen, len(possible))
    over = (stands - 1.0)[order][:, None]
    won = np.asarray(np.outer(possible, np.log1p(-STAKES)), dtype=np.float64)
    for number, stake in enumerate(STAKES):
        gained = (1.0 + stake * over) / (1.0 - stake)
        won[some, number] += cuts.log_products(gained)[:, 0]
    return won


def _won_by(rounds: Rounds, stands: Floats) -> tuple[Floats, int]:
    """(K,) log of all that is won on each arm by so many bets, where more is staked the larger an occasion is.

    Of some rounds, where they are many.
    """
    k = len(rounds.arms)
    cells = most_occasions(rounds.context.shape[1])
    if rounds.eligible is not None:
        cells = max(cells, k // SPANS)
    rows = evenly(len(rounds), max(1, MOST_CELLS // cells))
    some_rounds = rounds.take(rows)
    where, over = occasions_of(some_rounds), stands[rows, None] - 1.0
    won = np.full(k, -np.inf)
    if not where.size:
        return won, 0
    eligible = None if some_rounds.eligible is None else some_rounds.eligible.T.astype(np.float64)
    order, cuts, some = _by_arm(some_rounds.chosen, k)
    whole = _Cuts.of(np.zeros(1, np.intp), len(where))
    for stake in STAKES:
        staked = stake * where
        kept = 1.0 - staked
        # By columns; where all arms might be chosen always, it begins the same for each.
        by = whole.log_products(kept) if eligible is None else eligible @ np.log(kept)
        by = np.repeat(by, k // len(by), axis=0)
        by[some] += cuts.log_products(((1.0 + staked * over) / kept)[order])
        won = np.logaddexp(won, special.logsumexp(by, axis=1))
    return won, where.shape[1] * len(STAKES)


def _by_arm(chosen: Codes, k: int) -> tuple[Codes, _Cuts, Codes]:
    """Rows in the order of their arms, how these are cut there, and which arms have any."""
    order = np.argsort(chosen, kind="stable")
    counts = np.bincount(chosen, minlength=k)
    some = np.flatnonzero(counts)
    return order, _Cuts.of(np.cumsum(counts[some]) - counts[some], len(chosen)), some


class _Cuts(NamedTuple):
    """Rows (n,) cut where each of s parts begins, and besides after `TOGETHER` rows."""

    places: Codes
    parts: Codes

    @classmethod
    def of(cls, starts: Codes, n: int) -> _Cuts:
        """The parts that begin at `starts` (s,), which rise from 0."""
        places = np.union1d(starts, np.arange(0, n, TOGETHER))
        return cls(places, np.searchsorted(places, starts))

    def log_products(self, factors: Floats) -> Floats:
        """(s, c) logarithms of the products of factors (n, c) over each part."""
        logs = np.log(np.multiply.reduceat(factors, self.places, axis=0))
        return np.asarray(np.add.reduceat(logs, self.parts, axis=0), dtype=np.float64)


def _logged(
    rounds: Rounds, contrast: Contrast, possible: NDArray[np.intp]
) -> tuple[ArmLogged, ...]:
    k, stands = len(rounds.arms), 1.0 / rounds.propensity
    chosen = np.bincount(rounds.chosen, minlength=k)
    stood = np.bincount(rounds.chosen, stands, k)
    squares = np.bincount(rounds.chosen, stands * stands, k)
    rewards = np.bincount(rounds.chosen, rounds.reward, k)
    error = np.sqrt(np.maximum(squares - stood * stood / np.maximum(possible, 1), 0.0))
    return tuple(
        ArmLogged(
            arm=arm,
            rounds=int(possible[row]),
            chosen=int(chosen[row]),
            stood_for=float(stood[row]),
            error=float(error[row]),
            wanted=float(contrast.wanted[row]),
            reward=float(rewards[row] / chosen[row]) if chosen[row] else 0.0,
        )
        for row, arm in enumerate(rounds.arms)
    )
