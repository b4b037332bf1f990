"""What is expected of the coefficients of single arms: rows that were never seen, which fade with nothing.

A prior N(theta, noise / k C^-1) is what k rewards of mean theta . z would leave, in contexts whose mean products
of columns are C. Written as such rows it adds up with what is learnt. Refuses to be evidence: no observation is
counted, and no state holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.base.errors import close_match
from tamesu.policy.priors import refuse_undeclared
from tamesu.policy.table import Table

Floats: TypeAlias = NDArray[np.float64]

MOST_REWARDS = 1e9
MOST = 1e12
"""Of a coefficient, a product of columns, a noise."""

ROUNDED = 1e-6
"""Products are written in some seven digits: below 0 by such a share of the largest counts as 0."""


class ArmPrior(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is expected of the coefficients of one arm.

    Attributes:
        rewards: how many rewards that is worth, above 0.
        coefficients: by the name of their column, `1` for the intercept; 0 for those left out.
        products: mean products of the columns, the intercept's 1 first: row i has the first i + 1 numbers of a
            symmetric matrix. Empty where each column alone has a mean square of 1.
        noise: variance of those rewards, for a belief that learns it; none for what it expects anyway.
    """

    rewards: float
    coefficients: dict[str, float] = {}
    products: list[list[float]] = []
    noise: float | None = None


class Foreknown(NamedTuple):
    """Of k arms.

    Attributes:
        arms: their ids.
        products: (k, p, p).
        coefficients: (k, p).
        rewards: (k,) how many each prior is worth.
        noise: (k,) not a number where it is not told.
    """

    arms: tuple[str, ...]
    products: Floats
    coefficients: Floats
    rewards: Floats
    noise: Floats


def foreknown_of(
    priors: Mapping[str, ArmPrior], names: Sequence[str], declaration: Declaration
) -> Foreknown | None:
    """What `priors` say of columns of these `names` (p); none where they say nothing.

    Raises:
        InvalidDeclaration: arms or columns that are not there, or numbers that cannot be.
    """
    if not priors:
        return None
    refuse_undeclared(priors, declaration)
    if not names:
        raise InvalidDeclaration(
            "policy.belief.priors must be empty where arms share every coefficient",
            hint="say  sharing: hybrid",
        )
    told = [_read(arm, prior, names) for arm, prior in priors.items()]
    coefficients, products = (np.stack(each) for each in zip(*told, strict=True))
    noise = [np.nan if prior.noise is None else prior.noise for prior in priors.values()]
    rewards = np.array([prior.rewards for prior in priors.values()])
    return Foreknown(tuple(priors), products, coefficients, rewards, np.array(noise))


def with_foreknown(state: Table, scale: float, prior: Table | None) -> tuple[Table, float]:
    """The sums of `state` and of a `prior`, and what a unit of them weighs; a unit of the state's `scale`."""
    if prior is None:
        return state, scale
    per_arm, shared = (
        {
            name: column * scale if column.dtype == np.float64 else column
            for name, column in columns.items()
        }
        for columns in (state.per_arm, state.shared)
    )
    return Table(state.arms, per_arm, shared, state.highest) + prior, 1.0


def _read(arm: str, prior: ArmPrior, names: Sequence[str]) -> tuple[Floats, Floats]:
    """(p,) coefficients and (p, p) products."""
    where = f"policy.belief.priors.{arm}"
    if not 0.0 < prior.rewards <= MOST_REWARDS:
        raise InvalidDeclaration(
            f"{where}.rewards must lie above 0 and be at most {MOST_REWARDS:g}, got {prior.rewards:g}"
        )
    if prior.noise is not None and not 0.0 <= prior.noise <= MOST:
        raise InvalidDeclaration(
            f"{where}.noise must lie between 0 and {MOST:g}, got {prior.noise:g}"
        )
    place = {name: number for number, name in enumerate(names)}
    coefficients = np.zeros(len(names))
    for name, value in prior.coefficients.items():
        if name not in place:
            match = close_match(name, place)
            raise InvalidDeclaration(
                f"{where}.coefficients must name columns, got {name!r} (known: {', '.join(names)})",
                hint=f"did you mean {match!r}?" if match else "",
            )
        if not -MOST <= value <= MOST:
            raise InvalidDeclaration(
                f"{where}.coefficients.{name} must lie between {-MOST:g} and {MOST:g}, got {value:g}"
            )
        coefficients[place[name]] = value
    return coefficients, _products(where, prior.products, len(names))


def _products(where: str, given: list[list[float]], width: int) -> Floats:
    if not given:
        return np.eye(width)
    if [len(row) for row in given] != [*range(1, width + 1)]:
        raise InvalidDeclaration(
            f"{where}.products must have {width} rows of 1, 2, … {width} numbers",
            hint="leave it out where columns are about as large as 1 and know nothing of each other",
        )
    products = np.zeros((width, width))
    for number, row in enumerate(given):
        products[number, : number + 1] = row
        products[: number + 1, number] = row
    size = float(np.abs(products).max())
    if not (size <= MOST and np.linalg.eigvalsh(products)[0] >= -ROUNDED * size):
        raise InvalidDeclaration(
            f"{where}.products must be finite, and mean products of columns: of no sum of columns may the square "
            "be below 0",
            hint="have them made by  tamesu bandit priors",
        )
    return products
