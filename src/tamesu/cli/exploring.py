"""How a declaration explores, option by option, in words. Refuses to judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tamesu.base import Declaration, Part
from tamesu.policy.explorers.ucb import variant_of
from tamesu.policy.kinds import read_options

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning, Row


def explorer_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """The explorer, its options, and what it does to a log."""
    explorer = declaration.explorer
    kind = explorer.kind
    words = {**_EXPLORERS, **_MIXERS} if _mixes(declaration) else _EXPLORERS
    yield row("policy.explorer", kind, words.get(kind, "how it tries out"))
    for name, value in _options(explorer):
        if kind == "ucb" and name == "variant":
            value = variant_of(declaration, value)  # noqa: PLW2901 - left out, it follows
        if name != "explore" and (kind, name) in _MEANINGS:
            shown, meaning = _MEANINGS[kind, name](value)
            yield row(f"policy.explorer.{name}", shown, meaning)
    yield _log(declaration, row)


def _options(explorer: Part) -> Iterator[tuple[str, Any]]:
    options = read_options("explorer", explorer, "policy.explorer")
    yield from msgspec.structs.asdict(options).items()


def _log(declaration: Declaration, row: Row) -> Meaning:
    """What its log is good for."""
    kind, options = declaration.explorer.kind, dict(_options(declaration.explorer))
    explore = float(options["explore"])
    spread = float(options["epsilon"]) if kind == "epsilon_greedy" else 0.0
    shared = declaration.belief.options.get("sharing", "per_arm") != "per_arm"
    if kind == "thompson" and (shared or _mixes(declaration)):
        spread = 1.0 / (options["draws"] + 1)
    least = (explore + (1 - explore) * spread) / len(declaration.arm_ids)
    if least:
        but = "" if declaration.newcomer is None else "; newcomers beside known arms may have less"
        meaning = f"every arm has at least {least:.2g} of the first choice{but}"
    elif kind == "uniform":
        meaning = "no extra chance: every arm has the same already"
    elif kind in _DETERMINISTIC and not _mixes(declaration):
        meaning = (
            "PROPENSITIES ARE 0 OR 1, so that this log cannot evaluate another policy: where it "
            "should, say explore, such as 0.1"
        )
    elif kind == "inverse_gap":
        meaning = "no extra chance: every arm has some by itself, less and less"
    else:
        meaning = "no extra chance: an arm thought bad may never be shown, nor be evaluated later"
    return row("policy.explorer.explore", f"{explore:g}", meaning)


def _mixes(declaration: Declaration) -> bool:
    """Whether what is best is a mixture of arms."""
    aims = declaration.aims
    return aims is not None and aims.are_apart


_VARIANTS = {
    "kl_ucb": "how high its rate may be, given what was seen: the sharper bound",
    "ucb1": "the mean, and a bonus for what is hardly known: the bound of every textbook",
    "lin_ucb": "the mean in this context, and as many deviations as scale says",
}
_BASELINES = {
    "none": "losses count as they are: a guarantee whoever makes the rewards",
    "best": "losses count beyond those of the best arm: a new arm starts level with it",
}
_DETERMINISTIC = frozenset({"greedy", "ucb"})
_MIXERS = {
    "epsilon_greedy": "the best mixture of arms by their means, and now and then any other",
    "greedy": "the best mixture of arms by their means, and no other: it never tries",
    "thompson": "the best mixtures of arms, in the mean of draws of what each may be worth",
}
"""Where objectives are learnt apart."""
_EXPLORERS = {
    "epsilon_greedy": "the arm with the highest mean, and now and then any other",
    "exponential_weights": "arms by the exponential of what they would have lost",
    "greedy": "the arm with the highest mean, and no other: it never tries",
    "inverse_gap": "arms by how far their predicted rewards lie below the best",
    "randomized_ucb": "the arm that may be the best, at a height drawn for each decision",
    "retrieve": "the arms with the highest scores, by the exponential of these, and now and then any other",
    "softmax": "arms by the exponential of their means",
    "thompson": "an arm is chosen as often as it is likely to be the best",
    "ucb": "the arm that may be the best, as far as anybody can tell",
    "uniform": "every arm equally often: nothing is made of what is learnt",
}
_MEANINGS: dict[tuple[str, str], Callable[[Any], tuple[object, str]]] = {
    ("epsilon_greedy", "epsilon"): lambda share: (
        f"{share:g}",
        "the share that goes to any arm alike",
    ),
    ("exponential_weights", "scale"): lambda scale: (
        f"{scale:g}",
        "1 is as published; more trusts the past more",
    ),
    ("exponential_weights", "delay"): lambda delay: (
        f"{delay:g}",
        "decisions made, on average, between one and its reward",
    ),
    ("exponential_weights", "horizon"): lambda horizon: (
        "none" if horizon is None else f"{horizon:,}",
        "it learns more slowly the more it has learnt"
        if horizon is None
        else "decisions in all: its learning rate stays",
    ),
    ("exponential_weights", "baseline"): lambda baseline: (baseline, _BASELINES[baseline]),
    ("inverse_gap", "scale"): lambda scale: (
        f"{scale:g}",
        "of gamma, after one observation: more is greedier; gaps are shares of the range, so a wide one wants more",
    ),
    ("inverse_gap", "exponent"): lambda exponent: (
        f"{exponent:g}",
        f"gamma grows with the observations to the power of {exponent:g}",
    ),
    ("randomized_ucb", "points"): lambda points: (
        points,
        f"heights from which one is drawn: at most {points} arms have any chance",
    ),
    ("randomized_ucb", "width"): lambda width: (f"{width:g}", "the greatest height, in deviations"),
    ("retrieve", "most"): lambda most: (f"{most:,}", "arms that are retrieved for a decision"),
    ("retrieve", "temperature"): lambda temperature: (
        f"{temperature:g}",
        "as it was learnt" if temperature == 1.0 else "1 is as it was learnt; less is greedier",
    ),
    ("softmax", "temperature"): lambda temperature: (
        f"{temperature:g}",
        f"of two arms {temperature:g} apart in mean reward the better is chosen 2.7 times as often",
    ),
    ("thompson", "draws"): lambda draws: (
        draws,
        f"where arms share parameters or are mixed; one decision in {draws + 1} is then uniform",
    ),
    ("ucb", "variant"): lambda variant: (variant, _VARIANTS[variant]),
    ("ucb", "scale"): lambda scale: (f"{scale:g}", "1 is as published; less explores less"),
}
