"""What a declaration believes of its arms, option by option, in words. Refuses to judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tamesu.base import Declaration
from tamesu.policy.beliefs.gaussian import prior_of
from tamesu.policy.kinds import read_options

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning, Row


def belief_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """The belief, and its options."""
    belief = declaration.belief
    yield row("policy.belief", belief.kind, _BELIEFS.get(belief.kind, "what each arm is worth"))
    if belief.kind == "gaussian":
        yield from _gaussian(declaration, row)
    options = msgspec.structs.asdict(read_options("belief", belief, "policy.belief"))
    for name, value in options.items():
        if (belief.kind, name) in _MEANINGS:
            shown, meaning = _MEANINGS[belief.kind, name](value)
            yield row(f"policy.belief.{name}", shown, meaning)
    if "priors" in options:
        yield _of_some(row, "priors", options["priors"], "with a prior of their own", "prior")
    if "rates" in options:
        yield _of_some(row, "rates", options["rates"], "with a rate of their own", "rate")


def _of_some(row: Row, name: str, given: dict[str, Any], own: str, alike: str) -> Meaning:
    return row(
        f"policy.belief.{name}",
        f"{len(given)} arms" if len(given) > 1 else next(iter(given), "none"),
        own if given else f"every arm starts with the same {alike}",
    )


def _gaussian(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    bounds = declaration.reward.bounds()
    yield row(
        "reward.range",
        "none" if bounds is None else f"[{bounds[0]:g}, {bounds[1]:g}]",
        "no reward is clipped"
        if bounds is None
        else "a reward outside is learnt as the nearer bound, and counted",
    )
    mean, kappa, a, b = prior_of(declaration)
    noise = "any noise" if a == 1.0 else f"a noise of about {(b / (a - 1.0)) ** 0.5:.3g}"
    yield row(
        "policy.belief.prior",
        f"[{mean:g}, {kappa:g}, {a:g}, {b:.3g}]",
        f"mean, kappa, a, b; before any data: a mean of {mean:g}, as sure as after {kappa:g} "
        f"{'reward' if kappa == 1.0 else 'rewards'}, and {noise}",
    )


def _beta(prior: tuple[float, float]) -> tuple[object, str]:
    alpha, beta = prior
    rate, weight = alpha / (alpha + beta), alpha + beta
    before = (
        f"before any data: a rate of about {rate:.3g}, as sure as after {weight:g} observations"
    )
    return f"[{alpha:g}, {beta:g}]", before


def _sharing(sharing: str) -> tuple[object, str]:
    return sharing, _SHARING[sharing]


def _ridge(ridge: float) -> tuple[object, str]:
    return f"{ridge:g}", "more holds coefficients nearer to 0, until data say otherwise"


_SHARING = {
    "per_arm": "every arm has coefficients of its own",
    "shared": "all have the same coefficients, and differ by their features",
    "hybrid": "coefficients of its own for every arm, and shared ones beside them",
}
_BELIEFS = {
    "beta": "each arm has a rate of success; rewards are 0 or 1",
    "gaussian": "each arm has a mean reward and a noise, both learnt; rewards are any numbers",
    "linear": "a reward is a sum of features, each times a coefficient that is learnt; any numbers",
    "logistic": "the log-odds of success are such a sum; rewards are in [0, 1]",
    "neural_linear": "a reward is a sum of what a query tower makes of a context, coefficients by arm; any numbers",
    "two_tower": "what was learnt from a log stays as it is: nothing is learnt here",
    "losses": "what each arm would have lost, had it always been chosen; whoever makes the rewards",
}
_MEANINGS: dict[tuple[str, str], Callable[[Any], tuple[object, str]]] = {
    ("beta", "prior"): _beta,
    ("linear", "sharing"): _sharing,
    ("linear", "ridge"): _ridge,
    ("linear", "intercept"): lambda intercept: (
        f"{intercept:g}",
        "the same for what an arm is worth by itself, in units of ridge",
    ),
    ("linear", "mean"): lambda mean: (
        mean if isinstance(mean, str) else f"{mean:g}",
        "the reward where nothing is known",
    ),
    ("linear", "noise"): lambda noise: (
        noise if isinstance(noise, str) else f"{noise:g}",
        "the variance of a reward around what features tell",
    ),
    ("linear", "noise_weight"): lambda weight: (
        f"{weight:g}",
        "rewards that what is thought of the noise beforehand weighs",
    ),
    ("logistic", "sharing"): _sharing,
    ("logistic", "covariance"): lambda covariance: (
        covariance,
        "what coefficients tell of each other is kept"
        if covariance == "full"
        else "each coefficient is known by itself: for very many columns",
    ),
    ("logistic", "ridge"): _ridge,
    ("logistic", "rate"): lambda rate: (f"{rate:g}", "the reward where nothing is known"),
    ("logistic", "repeat"): lambda repeat: (repeat, "Newton steps for a batch, at most"),
    ("logistic", "delay"): lambda delay: (
        "none" if delay is None else delay.text(),
        "what has not come when a delivery is learnt from counts as 0 until it comes"
        if delay is None
        else "rewards come so late in the mean: what has not come yet may still come",
    ),
    **dict.fromkeys(
        [("neural_linear", "folder"), ("two_tower", "folder")],
        lambda folder: (
            folder,
            "what was learnt; every process of the installation reads it there",
        ),
    ),
    **dict.fromkeys(
        [("neural_linear", "digest"), ("two_tower", "digest")],
        lambda digest: (digest[:12], "of what was learnt: another one is refused"),
    ),
    ("two_tower", "index"): lambda index: (
        index,
        "every arm is looked at" if index == "exact" else "neighbours of neighbours are looked at",
    ),
    ("losses", "gamma"): lambda gamma: (
        f"{gamma:g}",
        "added to a propensity before a loss is divided by it",
    ),
}
_MEANINGS |= {
    ("neural_linear", name): _MEANINGS["linear", name]
    for name in ("ridge", "intercept", "mean", "noise", "noise_weight")
}
