"""What the policy of a declaration means, setting by setting, in words.

Refuses to judge it: by the time it comes here it is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tamesu.base import Declaration
from tamesu.policy.beliefs.gaussian import prior_of
from tamesu.policy.explorers.epsilon_greedy import EPSILON
from tamesu.policy.explorers.randomized_ucb import Options as RandomizedUcb
from tamesu.policy.explorers.ucb import Options as Ucb

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
    yield from _explorer(declaration, row)
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


def _explorer(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    explorer = declaration.explorer
    kind, options = explorer.kind, explorer.options
    yield row("policy.explorer", kind, _EXPLORERS.get(kind, "how it tries out"))
    yield from _options(kind, options, row)
    spread = float(options.get("epsilon", EPSILON)) if kind == "epsilon_greedy" else 0.0
    explore = float(options.get("explore", 0.0))
    least = (explore + (1 - explore) * spread) / len(declaration.arm_ids)
    if least:
        but = "" if declaration.newcomer is None else "; newcomers beside known arms may have less"
        meaning = f"every arm has at least {least:.2g} of the first choice{but}"
    elif kind == "uniform":
        meaning = "no extra chance: every arm has the same already"
    elif kind in _DETERMINISTIC:
        meaning = (
            "PROPENSITIES ARE 0 OR 1, so that this log cannot evaluate another policy: where it "
            "should, say explore, such as 0.1"
        )
    else:
        meaning = "no extra chance: an arm thought bad may never be shown, nor be evaluated later"
    yield row("policy.explorer.explore", f"{explore:g}", meaning)


def _options(kind: str, options: dict[str, Any], row: Row) -> Iterator[Meaning]:
    """What an explorer has beside `explore`."""
    if kind == "epsilon_greedy":
        spread = float(options.get("epsilon", EPSILON))
        yield row("policy.explorer.epsilon", f"{spread:g}", "the share that goes to any arm alike")
    elif kind == "softmax":
        temperature = float(options["temperature"])
        yield row(
            "policy.explorer.temperature",
            f"{temperature:g}",
            f"of two arms {temperature:g} apart in mean reward the better is chosen 2.7 times as often",
        )
    elif kind == "ucb":
        variant = options.get("variant", Ucb().variant)
        yield row("policy.explorer.variant", variant, _VARIANTS.get(variant, "of the bound"))
        scale = float(options.get("scale", Ucb().scale))
        yield row("policy.explorer.scale", f"{scale:g}", "1 is as published; less explores less")
    elif kind == "randomized_ucb":
        points = int(options.get("points", RandomizedUcb().points))
        width = float(options.get("width", RandomizedUcb().width))
        yield row(
            "policy.explorer.points",
            points,
            f"heights from which one is drawn: at most {points} arms have any chance",
        )
        yield row("policy.explorer.width", f"{width:g}", "the greatest height, in deviations")


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
}
_DETERMINISTIC = frozenset({"greedy", "ucb"})
_VARIANTS = {
    "kl_ucb": "how high its rate may be, given what was seen: the sharper bound",
    "ucb1": "the mean, and a bonus for what is hardly known: the bound of every textbook",
}
_EXPLORERS = {
    "epsilon_greedy": "the arm with the highest mean, and now and then any other",
    "greedy": "the arm with the highest mean, and no other: it never tries",
    "randomized_ucb": "the arm that may be the best, at a height drawn for each decision",
    "softmax": "arms by the exponential of their means",
    "thompson": "an arm is chosen as often as it is likely to be the best",
    "ucb": "the arm that may be the best, as far as anybody can tell",
    "uniform": "every arm equally often: nothing is made of what is learnt",
}
