"""`SlateContrast`: logged slates as a target policy sees them. All that an estimator of slates may look at.

Refuses to know which policy that is, and where expected rewards and marginals come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport, ShapeMismatch
from tamesu.evaluate.columns import of_kind
from tamesu.evaluate.contrast import MOST_NUMBERS, ROUNDING
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]

SlateShares: TypeAlias = Callable[[Slates], Floats]
"""Some slates (m,) to numbers of each position, (m, L) of the logged arm there or (m, L, K) of all arms."""


@dataclass(frozen=True, slots=True, eq=False)
class SlateContrast:
    """n slates and what a target policy would have done. Where no arm stands every probability is 1.

    Attributes:
        reward: (n, L).
        propensity: (n, L) in (0, 1] of the logged arm given those above, as logged.
        target: (n, L) in [0, 1] of the logged arm given those above, under the target policy.
        guess: (n, L) expected reward of the logged arm at its position, and of all that follows; zeros without a
            model.
        expected: (n, L) the same under the target policy's choice at this position; likewise.
        marginal: (n, L) in (0, 1] of the logged arm at its position, whatever stood above; none where not known.
        placed: (n, L) in [0, 1] the same under the target policy.
        pseudo_inverse: (n,) the weight of that estimator; none where what it is made of is not known.
    """

    reward: Floats
    propensity: Floats
    target: Floats
    guess: Floats
    expected: Floats
    marginal: Floats | None = None
    placed: Floats | None = None
    pseudo_inverse: Floats | None = None

    @property
    def prefix_weight(self) -> Floats:
        """(n, L) target over logged probability of the arms down to each position, in that order."""
        whole: Floats = np.multiply.accumulate(self.target / self.propensity, axis=1)
        return whole

    @property
    def weight(self) -> Floats:
        """(n,) target over logged probability of the whole slate, in its order."""
        whole: Floats = np.multiply.reduce(self.target / self.propensity, axis=1)
        return whole

    def __len__(self) -> int:
        return len(self.reward)


def marginal_weight(contrast: SlateContrast, name: str) -> Floats:
    """(n, L) target over logged probability that the arm stands at its position, whatever stands above.

    Raises:
        NoSupport: nobody made them; `name` is the estimator that asks.
    """
    if contrast.marginal is None or contrast.placed is None:
        raise NoSupport(
            f"{name} needs to know how likely both policies bring an arm to a position, whatever stands above; "
            "a log says how likely it was below the arms that stood there",
            hint=_UNLESS,
        )
    return contrast.placed / contrast.marginal


def slate_weight(contrast: SlateContrast, name: str) -> Floats:
    """(n,) the weight of the pseudo-inverse estimators.

    Raises:
        NoSupport: nobody made what it is made of; `name` is the estimator that asks.
    """
    if contrast.pseudo_inverse is None:
        raise NoSupport(
            f"{name} needs to know how likely the logging policy brings two arms to two positions",
            hint=_UNLESS,
        )
    return contrast.pseudo_inverse


_UNLESS = "take reward_interaction, or run the policies again from their snapshots to measure them"


def slate_contrast_of(
    slates: Slates,
    target: SlateShares | Floats,
    predicted: SlateShares | Floats | None = None,
    *,
    placed: SlateShares | Floats | None = None,
    pairs: SlateShares | Floats | None = None,
) -> SlateContrast:
    """Slates as `target` sees them. O(n L K), with `pairs` O(n (L K)^3), in chunks where these are functions.

    Args:
        slates: as logged.
        target: probabilities given the logged arms above, (n, L) of the logged arm or (n, L, K) of all.
        predicted: expected rewards (n, L, K) of an arm at a position below the logged ones, of that position and
            all that follow; none without a model. Takes a target of all arms.
        placed: how likely the target policy places arms at a position, whatever stands above; (n, L) of the logged
            arm or (n, L, K) of all.
        pairs: (n, L K, L K) how likely the logging policy places one arm at one position and another one at
            another; row and column l K + a. Takes `placed` of all arms.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: probabilities that are none, or of an arm that was not eligible; a target policy that places
            arms where the logging policy never does.
    """
    n, size, k = len(slates), slates.size, len(slates.arms)
    target = _table(target, slates, "target")
    predicted, placed = _table(predicted, slates, "predicted"), _table(placed, slates, "placed")
    columns = np.ones((4, n, size))
    columns[1:3] = 0.0
    turned = np.ones(n)
    step = max(1, MOST_NUMBERS // max(1, size * k * (1 if pairs is None else size * k)))
    for first in range(0, n, step):
        some = slice(first, first + step)
        part = slates.take(some)
        shares = _asked(target, part, some, "target")
        _refuse_no_shares(shares, part, first)
        columns[0, some] = _of_logged(shares, part, 1.0)
        if predicted is not None:
            guess = _asked(predicted, part, some, "predicted")
            if guess.ndim == 2 or shares.ndim == 2:  # noqa: PLR2004 - of the logged arms alone
                raise ShapeMismatch(
                    f"with expected rewards, these and the target must be of all arms, (n, L, K), got "
                    f"{guess.shape} and {shares.shape}",
                    hint="hand in what policies would place below any arms, or take one without a model",
                )
            if not np.isfinite(guess[part.there]).all():
                raise InvalidInput("expected rewards must be finite")
            columns[1, some] = _of_logged(guess, part, 0.0)
            columns[2, some] = np.where(part.there, np.einsum("nlk,nlk->nl", shares, guess), 0.0)
        if placed is not None:
            places = _asked(placed, part, some, "placed")
            _refuse_no_shares(places, part, first, least=0.0)
            columns[3, some] = _of_logged(places, part, 1.0)
            if pairs is not None:
                turned[some] = _turned(_square(pairs, part, some), places, part, first)
    if pairs is not None and placed is None:
        raise InvalidInput("pairs take placed: how likely the target policy places which arm where")
    return SlateContrast(
        slates.reward,
        slates.propensity,
        columns[0],
        columns[1],
        columns[2],
        slates.marginal,
        None if placed is None else columns[3],
        None if pairs is None else turned,
    )


def _asked(given: SlateShares | Floats, part: Slates, some: slice, name: str) -> Floats:
    found = given(part) if callable(given) else given[some]
    table: Floats = _table(found, part, name)
    return table


def _table(given: Any, slates: Slates, name: str) -> Any:
    """A table of these slates; what is still to be asked for as it is."""
    if given is None or callable(given):
        return given
    table, flat = np.asarray(given), (len(slates), slates.size)
    if table.dtype != np.float64:  # else it may be large, and is not copied
        table = of_kind(given, name, np.float64)
    if table.shape not in {flat, (*flat, len(slates.arms))}:
        raise ShapeMismatch(
            f"{name} must be {flat} or {(*flat, len(slates.arms))} for so many slates, got {table.shape}"
        )
    return table


def _of_logged(table: Floats, part: Slates, absent: float) -> Floats:
    if table.ndim == 3:  # noqa: PLR2004 - of all arms
        rows = np.maximum(part.chosen, 0)[:, :, None]
        table = np.take_along_axis(table, rows, axis=2)[:, :, 0]
    return np.where(part.there, table, absent)


def _refuse_no_shares(shares: Floats, part: Slates, first: int, least: float = 1.0) -> None:
    """Raises where they are no distribution; where `least` is 0 a position may stay empty at times."""
    wrong = ~((shares >= 0.0) & (shares <= 1.0 + ROUNDING))
    if shares.ndim == 3:  # noqa: PLR2004 - of all arms
        whole = shares.sum(axis=2)
        wrong = wrong.any(axis=2) | ~((whole >= least - ROUNDING) & (whole <= 1.0 + ROUNDING))
        outside = None if part.eligible is None else (shares > 0.0) & ~part.eligible[:, None, :]
        if outside is not None and outside[part.there].any():
            raise InvalidInput("a target's probabilities must be 0 for arms that were not eligible")
    wrong &= part.there
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise InvalidInput(
            f"a target's probabilities must lie in [0, 1] and add up to 1 over all arms, got others in slate "
            f"{first + row} ({int(wrong.any(axis=1).sum()):,} such slates)"
        )


def _square(given: SlateShares | Floats, part: Slates, some: slice) -> Floats:
    side = part.size * len(part.arms)
    square = of_kind(given(part) if callable(given) else given[some], "pairs", np.float64)
    if square.shape != (len(part), side, side):
        raise ShapeMismatch(f"pairs must be {(len(part), side, side)}, got {square.shape}")
    return square


def _turned(square: Floats, places: Floats, part: Slates, first: int) -> Floats:
    """(m,) q G^+ 1, q where the target policy places arms, G the pairs, 1 the logged slate."""
    if places.ndim == 2:  # noqa: PLR2004 - of the logged arms alone
        raise ShapeMismatch("with pairs, placed must be of all arms, (n, L, K)")
    m, side = len(part), part.size * len(part.arms)
    there = np.zeros((m, part.size, len(part.arms)))
    np.put_along_axis(there, np.maximum(part.chosen, 0)[:, :, None], part.there[:, :, None], axis=2)
    wanted = np.where(part.there[:, :, None], places, 0.0).reshape(m, side)
    back = np.linalg.pinv(square, rcond=1e-10, hermitian=True)
    turned = np.einsum("ms,mst->mt", wanted, back)
    missed = np.abs(np.einsum("mt,mts->ms", turned, square) - wanted).max(axis=1, initial=0.0)
    wrong = missed > ROUNDING
    if wrong.any():
        raise InvalidInput(
            f"the target policy must place arms where the logging policy may, got others in slate "
            f"{first + int(np.flatnonzero(wrong)[0])} ({int(wrong.sum()):,} such slates)",
            hint="where the pairs were measured, too few runs may have missed some: take more",
        )
    weight: Floats = np.einsum("ms,ms->m", turned, there.reshape(m, side))
    return weight
