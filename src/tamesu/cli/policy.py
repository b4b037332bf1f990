"""What the policy of a declaration means, setting by setting, in words.

Refuses to judge it: by the time it comes here it is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tamesu.base import Declaration
from tamesu.cli.exploring import explorer_meanings
from tamesu.policy.beliefs.gaussian import prior_of

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning

Row = Callable[[str, object, str], "Meaning"]
"""A setting, its value and its meaning, as a row."""


def policy_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """Its belief, explorer, newcomers and forgetting."""
    belief = declaration.belief
    yield row("policy.belief", belief.kind, _BELIEFS.get(belief.kind, "what each arm is worth"))
    if belief.kind == "beta":
        alpha, beta = belief.options.get("prior", (1, 1))
        yield row(
            "policy.belief.prior",
            f"[{alpha:g}, {beta:g}]",
            f"before any data: a rate of about {alpha / (alpha + beta):.3g}, as sure as after "
            f"{alpha + beta:g} observations",
        )
    if belief.kind == "gaussian":
        yield from _gaussian(declaration, row)
    priors = belief.options.get("priors", {})
    yield row(
        "policy.belief.priors",
        f"{len(priors)} arms" if len(priors) > 1 else next(iter(priors), "none"),
        "with a prior of their own" if priors else "every arm starts with the same prior",
    )
    yield from explorer_meanings(declaration, row)
    newcomer = declaration.newcomer
    yield row(
        "policy.newcomer",
        "off" if newcomer is None else f"{newcomer.share:g} / {newcomer.until}",
        "an arm of which nothing is known yet may take all traffic until its outcomes come"
        if newcomer is None
        else f"arms with fewer than {newcomer.until} observations get at most {newcomer.share:.0%} "
        "together",
    )
    forgetting = declaration.forgetting
    yield row(
        "policy.forgetting",
        "off" if forgetting is None else forgetting.half_life.text(),
        "what was learnt counts alike for ever"
        if forgetting is None
        else f"what was learnt counts half as much {forgetting.half_life.text()} later",
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


_BELIEFS = {
    "beta": "each arm has a rate of success; rewards are 0 or 1",
    "gaussian": "each arm has a mean reward and a noise, both learnt; rewards are any numbers",
    "losses": "what each arm would have lost, had it always been chosen; whoever makes the rewards",
}
