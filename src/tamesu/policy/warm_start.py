"""Priors from logs that another system made: what a declaration may say so that a bandit starts warm.

A prior stands in the declaration, for all to see, and a replay comes to the same. Refuses to make more
of a log than it was told to: of each arm at most `strength` rewards count, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput, convert
from tamesu.base.clauses import Part
from tamesu.policy.beliefs import beta, gaussian, linear, logistic
from tamesu.policy.compose import compose
from tamesu.policy.contract import Batch
from tamesu.policy.gaussian_prior import Prior
from tamesu.policy.linear_sums import MOMENT, OBSERVATIONS, PRECISION, SQUARES
from tamesu.policy.table import Table

Floats = NDArray[np.float64]

MOST_NUMBERS = 60_000
"""Half a megabyte as text; a declaration is a body of at most one."""

_NOT_LOGGED = ("priors", "delay")


class Logged(NamedTuple):
    """What a log says of one arm.

    Attributes:
        rewards: how many, at least 1.
        mean: of them.
        variance: of them, divided by their number.
    """

    rewards: int
    mean: float
    variance: float


def priors_from(
    declaration: Declaration, logged: Mapping[str, Logged], strength: float
) -> dict[str, Any]:
    """The `priors` of arms that are as sure as after k = min(rewards, `strength`) of those logged.

    beta: alpha + k mean, beta + k (1 - mean), on top of the arm's prior until now. gaussian: the
    posterior after k rewards of that mean and variance. Priors of other arms stay as they are.

    Args:
        declaration: whose priors they become.
        logged: by arm; all of them declared.
        strength: how many rewards of an arm count at most, above 0.

    Raises:
        InvalidInput: a belief without priors, objectives learnt apart, or a strength that cannot be.
    """
    _refuse_strength(strength)
    if declaration.aims is not None and declaration.aims.are_apart:
        raise InvalidInput(
            "a log of one reward must not fill the priors of objectives that are learnt apart",
            hint="state priors by hand, or begin warm from the archive of a bandit with these objectives",
        )
    make = _MADE.get(declaration.belief.kind)
    if make is None:
        raise InvalidInput(
            f"belief {declaration.belief.kind!r} has no priors that a log could fill "
            f"(known: {', '.join(sorted((*_MADE, *COEFFICIENTS)))})"
        )
    made: Mapping[str, Any] = make(
        declaration, {arm: (one, min(one.rewards, strength)) for arm, one in logged.items()}
    )
    return {**declaration.belief.options.get("priors", {}), **made}


def coefficient_priors_from(
    declaration: Declaration, logged: Batch, strength: float
) -> dict[str, Any]:
    """The `priors` of arms whose coefficients are as sure as after k = min(rewards, `strength`) of those `logged`.

    What the belief learns of the batch, and nothing else: its products of columns and its coefficients, worth
    k rewards. With every reward counted, a linear belief comes to the posterior of one that had learnt them; a
    logistic one near it, and a little nearer to its rate. Priors of other arms stay as they are.

    Args:
        declaration: whose priors they become; its belief is one of `COEFFICIENTS`.
        logged: rows of declared arms, with their contexts, all of one moment.
        strength: how many rewards of an arm count at most, above 0.

    Raises:
        InvalidInput: coefficients that arms share, more numbers than a declaration should hold, or a strength that
            cannot be.
    """
    _refuse_strength(strength)
    if declaration.belief.options.get("sharing", "per_arm") != "per_arm":
        raise InvalidInput(
            "a log can fill the priors of coefficients of each arm alone, these arms share some",
            hint="say  sharing: per_arm,  or let a bandit in memory learn the log: Bandit.learn_logged",
        )
    policy = compose(as_logged(declaration))
    (table,) = policy.evidence(policy.init(), logged).parts
    names = ("1", *policy.encoder.names)
    if len(table.arms) * len(names) * (len(names) + 1) > 2 * MOST_NUMBERS:
        raise InvalidInput(
            f"priors of {len(table.arms):,} arms with {len(names):,} columns each would have more than "
            f"{MOST_NUMBERS:,} numbers",
            hint="declare fewer or narrower features, or let a bandit in memory learn the log: Bandit.learn_logged",
        )
    prior = COEFFICIENTS[declaration.belief.kind]
    made: dict[str, Any] = {}
    for row, arm in enumerate(table.arms):
        coefficients, products, noise = prior(declaration, table, row)
        n = int(table.per_arm[OBSERVATIONS][row])
        told = {
            name: _short(value) for name, value in zip(names, coefficients.tolist(), strict=True)
        }
        made[arm] = {
            "rewards": min(float(n), strength),
            "coefficients": {name: value for name, value in told.items() if value},
            "products": [
                [_short(value) for value in each[: place + 1]]
                for place, each in enumerate(products.tolist())
            ],
        }
        if noise is not None:
            made[arm]["noise"] = _short(noise)
    return {**declaration.belief.options.get("priors", {}), **made}


def as_logged(declaration: Declaration) -> Declaration:
    """`declaration` as it reads a log.

    Nothing fades in it, nothing of it is open, positions are alike, and nothing is known beforehand.
    """
    left = {
        key: value for key, value in declaration.belief.options.items() if key not in _NOT_LOGGED
    }
    belief = msgspec.structs.replace(declaration.belief, options=left)
    single = Part(kind="single")
    return msgspec.structs.replace(declaration, belief=belief, layout=single, forgetting=None)


def _linear(
    declaration: Declaration, table: Table, row: int
) -> tuple[Floats, Floats, float | None]:
    options = convert(declaration.belief.options, linear.Options, "policy.belief (linear)")
    precision, moment = _sums(table, row)
    n = float(table.per_arm[OBSERVATIONS][row])
    solved = np.linalg.lstsq(precision, moment, rcond=None)
    coefficients = np.array(solved[0], dtype=np.float64)
    left = float(table.per_arm[SQUARES][row] - moment @ coefficients)
    if not isinstance(options.mean, str):
        coefficients[0] += options.mean
    noise = max(0.0, left / n) if isinstance(options.noise, str) else None
    return coefficients, precision / n, noise


def _logistic(declaration: Declaration, table: Table, row: int) -> tuple[Floats, Floats, None]:
    options = convert(declaration.belief.options, logistic.Options, "policy.belief (logistic)")
    precision, moment = _sums(table, row)
    if options.covariance == "diagonal":
        precision = np.diag(precision)
    known = precision + options.ridge * np.eye(len(precision))
    coefficients = np.array(np.linalg.solve(known, moment), dtype=np.float64)
    return coefficients, precision / precision[0, 0], None


def _sums(table: Table, row: int) -> tuple[Floats, Floats]:
    """Products of columns, or of the diagonal form their squares, and moments of one arm."""
    precision: Floats = table.per_arm[PRECISION][row]
    moment: Floats = table.per_arm[MOMENT][row]
    return precision, moment


def _short(value: float) -> float:
    """In seven digits: a person may look at it."""
    return float(f"{value:.7g}")


def _refuse_strength(strength: float) -> None:
    if not 0 < strength <= beta.MOST_PRIOR:
        raise InvalidInput(
            f"strength must be a number of rewards above 0, at most {beta.MOST_PRIOR:g}, "
            f"got {strength:g}"
        )


def _beta(
    declaration: Declaration, logged: Mapping[str, tuple[Logged, float]]
) -> dict[str, list[float]]:
    options = convert(declaration.belief.options, beta.Options, "policy.belief (beta)")
    made: dict[str, list[float]] = {}
    for arm, (one, k) in logged.items():
        alpha, failures = options.priors.get(arm, options.prior)
        made[arm] = [alpha + k * one.mean, failures + k * (1.0 - one.mean)]
    return made


def _gaussian(
    declaration: Declaration, logged: Mapping[str, tuple[Logged, float]]
) -> dict[str, dict[str, float]]:
    options = convert(declaration.belief.options, gaussian.Options, "policy.belief (gaussian)")
    common = Prior(**gaussian.prior_of(declaration)._asdict())
    made: dict[str, dict[str, float]] = {}
    for arm, (one, k) in logged.items():
        prior = options.priors.get(arm, Prior()).over(common)
        mean, kappa, a, b = msgspec.structs.astuple(prior)
        apart, sure = one.mean - mean, kappa + k
        made[arm] = {
            "mean": mean + k / sure * apart,
            "kappa": sure,
            "a": a + 0.5 * k,
            "b": b + 0.5 * k * one.variance + 0.5 * (kappa / sure) * k * apart**2,
        }
    return made


_MADE: dict[str, Callable[[Declaration, Mapping[str, tuple[Logged, float]]], Any]] = {
    "beta": _beta,
    "gaussian": _gaussian,
}

COEFFICIENTS: dict[
    str, Callable[[Declaration, Table, int], tuple[Floats, Floats, float | None]]
] = {
    "linear": _linear,
    "logistic": _logistic,
}
"""Beliefs of whose coefficients a log may tell: those of an arm, their products, and the noise if it is learnt."""
