"""The command: its words, and what it looks at first. Refuses to load anything before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tamesu.cli.logs import Campaign, LoggedBy, Since, Source, Until, Where
from tamesu.cli.options import Data, Json

REFUSED = 4
"""Exit code where a verdict is to refuse."""


def evaluate(  # noqa: PLR0913 - the words of a command line
    source: Source,
    *,
    policy: Annotated[
        list[str],
        typer.Option(
            metavar="WHAT",
            help="Who is judged, perhaps several: a declaration (.yaml), snapshot:N, logging, "
            "module:function, uniform, arm:ID, a table of probabilities (.csv, .npy); of open-bandit random or bts.",
        ),
    ],
    estimators: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="With commas between, options after a colon: snips,dr,switch_dr:threshold=5.",
            show_default="ips,snips,dr; of slates reward_interaction,sn_reward_interaction",
        ),
    ] = None,
    per: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What is estimated: reward per decision, per impression, or decision,impression.",
        ),
    ] = "decision",
    interval: Annotated[
        str,
        typer.Option(metavar="KIND", help="normal, bootstrap, bernstein, betting or sequence."),
    ] = "normal",
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="Of the intervals.")] = 0.95,
    bounds: Annotated[
        str | None,
        typer.Option(
            metavar="LOW..HIGH",
            help="Between which rewards lie, for bernstein, betting and sequence.",
            show_default="what is declared",
        ),
    ] = None,
    most_weight: Annotated[
        float | None,
        typer.Option(
            metavar="W",
            help="The largest weight that could be: bernstein needs it, betting and sequence get narrower by it.",
            show_default="what is declared",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Of expected rewards: per_arm, ridge; with the extra 'evaluate' logistic, boosting.",
            show_default="what tells best of rounds held out",
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            metavar="N", min=2, help="Parts of the log that a model is fitted to in turns."
        ),
    ] = 3,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of the draws of a bootstrap, and of runs.")
    ] = 0,
    runs: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=16,
            help="For each slate, where both policies are run again: for estimators that need to know how likely "
            "arms come to positions, and only where there are too many orders to look at all of them.",
        ),
    ] = 256,
    campaign: Campaign = None,
    logged_by: LoggedBy = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write one page with pictures, that needs nothing else; needs the extra 'plot'.",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Print numbers that the verdict refuses, too.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="What a declared policy knows: along (it learns along the log), prior, newest, or the "
            "number of a snapshot.",
            show_default="along",
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Decisions that one state makes of a policy that learns along the log.",
            show_default="a thousandth of them",
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Judge a policy before anybody sees it, from the log of another one.

    Every logged decision knows with which probability its arm was chosen. So it can be told what a policy
    that never ran would have earned: decisions that it would make more often count for more.

    First comes what the log can tell at all: how many decisions of the policy in question it is worth, whether its
    propensities can be right, what is missing in it. Then a verdict: trustworthy, weak, or refuse, with its
    reasons. Numbers that are refused are not printed, and the exit code is 4.

    A module:function that takes one argument is called with rounds (.context, .position, .arms, …) and gives the
    probability of each arm in each of them. By a bandit's own archive it may take two: a context by name and the ids
    of eligible arms, and gives an arm, or a probability for each.
    """
    from tamesu.cli.evaluate.question import Question
    from tamesu.cli.evaluate.running import run

    asked = Question.of(
        where=Where(
            source=source,
            data=data,
            since=since,
            until=until,
            campaign=campaign,
            logged_by=logged_by,
        ),
        policies=policy,
        estimators=estimators,
        per=per,
        interval=interval,
        confidence=confidence,
        bounds=bounds,
        most_weight=most_weight,
        model=model,
        folds=folds,
        seed=seed,
        runs=runs,
        html=html,
        anyway=anyway,
        at=at,
        every=every,
        json=json,
    )
    if run(asked):
        raise typer.Exit(REFUSED)
