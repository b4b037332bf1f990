"""What a simulation prints for people: its tables and what their columns mean. Refuses to count."""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.cli.output import console, table
from tamesu.cli.simulate.runs import marks
from tamesu.cli.simulate.setting import Setting
from tamesu.cli.simulate.summary import Figure, Played

ROWS = 10
"""Points of a run that a table shows: every fifth of those that were noted."""


def tell(
    title: str, setting: Setting, policies: Sequence[Played], every: int, *, contextual: bool
) -> None:
    """The tables of one simulation, in which contexts mattered or not."""
    out = console()
    columns = ["policy", ">regret", ">reward", ">best", ">never", ">effective"]
    if setting.changes:
        columns.insert(2, ">fixed")
    out.print(table(title, columns, [_row(played, setting) for played in policies]))
    told = "fixed" if setting.fixed else "regret"
    shown = {*marks(policies[0].over_time[-1].rounds, ROWS)}
    rows = [
        (f"{at[0].rounds:,}", *(worded(getattr(mark, told)) for mark in at))
        for at in zip(*(played.over_time for played in policies), strict=True)
        if at[0].rounds in shown
    ]
    columns = [">rounds", *(f">{told} of {played.policy}" for played in policies)]
    out.print(table("Regret on the way", columns, rows))
    for played in policies:
        if played.saved is not None:
            out.print(
                f"{played.policy}: regret saved against uniform, on the same luck: "
                f"{worded(played.saved)}"
            )
    of_each = " in each context" if contextual else ""
    out.print(_meaning(setting, every, of_each), style="dim")


def worded(figure: Figure, form: str = ",.1f") -> str:
    """The mean, and its standard error where there is one."""
    error = "" if figure.error is None else f" ± {figure.error:{form}}"
    return f"{figure.mean:{form}}{error}"


def _row(played: Played, setting: Setting) -> list[str]:
    form = ",.0f" if setting.changes else ",.1f"  # two such columns, of larger numbers
    row = [
        played.policy,
        worded(played.regret, form),
        worded(played.reward, ".4f"),
        f"{played.best.mean:.1%}",
        f"{played.never.mean:.1%}",
        f"{played.effective.mean:.1%}",
    ]
    if setting.changes:
        row.insert(2, worded(played.fixed, form))
    return row


def _meaning(setting: Setting, every: int, of_each: str) -> str:
    best = "best mixture of arms" if setting.several else f"best decision{of_each}"
    against = f"Regret is held against the {best}"
    if setting.changes:
        against += (
            " at each moment, fixed against the best arms held fixed from first to last: below 0 is "
            "better than they"
        )
    often = "after each round" if every == 1 else f"every {every:,} rounds"
    return (
        f"± one standard error over the runs. Learnt {often}; reward is a round's. "
        f"{against}. The last three columns say what logs made with the distribution at the end are "
        "worth for evaluating others: the share of the best arm, the share of arms that are as good "
        "as never shown, and the effective sample size for the uniform policy, per logged row."
    )
