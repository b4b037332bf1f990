"""Priors from logs that another system made: what a declaration may say so that a bandit starts warm.

A prior stands in the declaration, for all to see, and a replay comes to the same. Refuses to make more
of a log than it was told to: of each arm at most `strength` rewards count, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from tamesu.base import Declaration, InvalidInput, convert
from tamesu.policy.beliefs import beta, gaussian
from tamesu.policy.gaussian_prior import Prior


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
    if not 0 < strength <= beta.MOST_PRIOR:
        raise InvalidInput(
            f"strength must be a number of rewards above 0, at most {beta.MOST_PRIOR:g}, "
            f"got {strength:g}"
        )
    if declaration.aims is not None and declaration.aims.are_apart:
        raise InvalidInput(
            "a log of one reward must not fill the priors of objectives that are learnt apart",
            hint="state priors by hand, or begin warm from the archive of a bandit with these objectives",
        )
    make = _MADE.get(declaration.belief.kind)
    if make is None:
        raise InvalidInput(
            f"belief {declaration.belief.kind!r} has no priors that a log could fill "
            f"(known: {', '.join(sorted(_MADE))})"
        )
    made: Mapping[str, Any] = make(
        declaration, {arm: (one, min(one.rewards, strength)) for arm, one in logged.items()}
    )
    return {**declaration.belief.options.get("priors", {}), **made}


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
