"""`Contrast`: logged rounds as a target policy sees them. All that an estimator may look at.

Refuses to know which policy that is, and where expected rewards come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate.kinship import kinship
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

Shares: TypeAlias = Callable[[Rounds], Floats]
"""Some rounds (m,) to probabilities (m, K) of a target policy, or to expected rewards (m, K)."""

MOST_NUMBERS = 1 << 20
"""Of a matrix rounds times arms that is looked at in one go: 8 MiB."""

ROUNDING = 1e-6
"""By so much a target's probabilities may miss a sum of 1: what others wrote was often in single precision."""

MISSED = 0.01
"""By such a part of a propensity another one may miss it: where it is tiny, `ROUNDING` would let any other pass."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """n rounds and what a target policy would have done.

    Attributes:
        reward: (n,).
        propensity: (n,) in (0, 1] of the logged arm, as logged.
        target: (n,) in [0, 1] of the logged arm under the target policy.
        guess: (n,) expected reward of the logged arm; zeros without a model.
        expected: (n,) expected reward under the target policy, sum over arms of target times guess; likewise.
        wanted: (K,) mean probability of each arm under the target policy.
        cluster: (n,) from 0, as in `Rounds`.
        marginal: (n,) target over logged probability of all arms that tell of themselves what the logged one
            tells; none where the logging policy's distributions or such features are not known.
    """

    reward: Floats
    propensity: Floats
    target: Floats
    guess: Floats
    expected: Floats
    wanted: Floats
    cluster: NDArray[np.intp]
    marginal: Floats | None = None

    @cached_property
    def weight(self) -> Floats:
        """(n,) target over logged propensity."""
        return self.target / self.propensity

    def __len__(self) -> int:
        return len(self.reward)


def contrast_of(
    rounds: Rounds,
    target: Shares | Floats,
    predicted: Shares | Floats | None = None,
    *,
    logging: Shares | Floats | None = None,
) -> Contrast:
    """Rounds as `target` sees them. O(n K), in chunks where any of these is a function.

    Args:
        rounds: as logged.
        target: probabilities (n, K); each row sums to 1, over eligible arms.
        predicted: expected rewards (n, K); none without a model.
        logging: probabilities (n, K) of the logging policy, where they are known; each logged arm's must be its
            propensity.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: probabilities that are none, or of an arm that was not eligible; a logging policy that is
            another one than was logged.
    """
    n, k = len(rounds), len(rounds.arms)
    target = _given(target, (n, k), "target")
    predicted = None if predicted is None else _given(predicted, (n, k), "predicted")
    logging = None if logging is None else _given(logging, (n, k), "logging")
    columns, wanted = np.zeros((4, n)), np.zeros(k)
    kin = None if logging is None else kinship(rounds.features)
    step = max(1, MOST_NUMBERS // max(1, k))
    for first in range(0, n, step):
        some = slice(first, first + step)
        part = rounds.take(some)
        shares = _asked(target, part, some, k, "target")
        _refuse_no_shares(shares, part, first, "a target's")
        mine = np.arange(len(part)), part.chosen
        columns[0, some] = shares[mine]
        wanted += shares.sum(axis=0)
        if predicted is not None:
            guess = _asked(predicted, part, some, k, "predicted")
            if not np.isfinite(guess).all():
                raise InvalidInput("expected rewards must be finite")
            columns[1, some] = guess[mine]
            columns[2, some] = np.einsum("nk,nk->n", shares, guess)
        if logging is not None:
            theirs = _asked(logging, part, some, k, "logging")
            _refuse_no_shares(theirs, part, first, "a logging policy's")
            refuse_another(theirs[mine], part.propensity, first, "row")
            if kin is not None:
                alike = kin == kin[part.chosen][:, None]
                wished = np.einsum("nk,nk->n", shares, alike)
                columns[3, some] = wished / np.einsum("nk,nk->n", theirs, alike)
    return Contrast(
        rounds.reward,
        rounds.propensity,
        target=columns[0],
        guess=columns[1],
        expected=columns[2],
        wanted=wanted / max(1, n),
        cluster=rounds.cluster,
        marginal=None if kin is None else columns[3],
    )


def _given(given: Shares | Floats, shape: tuple[int, int], name: str) -> Shares | Floats:
    """It, in chunks still to be asked for or to be cut from a table of that shape."""
    if callable(given):
        return given
    table = np.asarray(given)
    if table.shape != shape:
        raise ShapeMismatch(f"{name} must be {shape} for so many rounds, got {table.shape}")
    return table


def _asked(given: Shares | Floats, part: Rounds, some: slice, k: int, name: str) -> Floats:
    table = _given(given(part) if callable(given) else given[some], (len(part), k), name)
    return np.asarray(table, dtype=np.float64)


def are_others(given: ArrayLike, logged: ArrayLike) -> NDArray[np.bool_]:
    """Which of these are not the propensities that were logged, rounded: (n,), or of whatever shape they have."""
    mine, theirs = np.asarray(given, np.float64), np.asarray(logged, np.float64)
    return ~(np.abs(mine - theirs) <= np.minimum(ROUNDING, MISSED * theirs))


def refuse_another(given: Floats, logged: Floats, first: int, of: str) -> None:
    """Raises where a logging policy is another one than was logged, by what it says of the logged arms.

    Args:
        given: (n,), or (n, L) of slates: how likely it makes them.
        logged: likewise, their propensities.
        first: the number of the first.
        of: what each of them is called.

    Raises:
        InvalidInput: as said.
    """
    wrong = are_others(given, logged)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        such = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
        raise InvalidInput(
            f"the logging policy must give logged arms their logged propensities, got {given[place]:g} for "
            f"{logged[place]:g} in {of} {first + place[0]} ({such:,} such {of}s)",
            hint="it is another policy or snapshot, or propensities are of other decisions: every weight would be wrong",
        )


def _refuse_no_shares(shares: Floats, part: Rounds, first: int, whose: str) -> None:
    wrong = ~((shares >= 0.0) & (shares <= 1.0 + ROUNDING)).all(axis=1)
    wrong |= ~(np.abs(shares.sum(axis=1) - 1.0) <= ROUNDING)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidInput(
            f"{whose} probabilities must lie in [0, 1] and add up to 1, got a sum of "
            f"{shares[row].sum():g} in row {first + row} ({int(wrong.sum()):,} such rows)"
        )
    if part.eligible is not None and (shares[~part.eligible] > 0.0).any():
        raise InvalidInput(f"{whose} probabilities must be 0 for arms that were not eligible")
