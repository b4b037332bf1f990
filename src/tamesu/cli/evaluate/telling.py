"""An evaluation for people: what the log can tell, the verdict, and only then numbers.

Refuses to compute anything, and to print numbers that are refused unless somebody wants them anyway.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tamesu.base import Time
from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.source import Source
from tamesu.cli.failure import print_error
from tamesu.cli.output import console, table, write_json
from tamesu.evaluate import LIMITS, Diagnostics, Estimate, Evaluation, Trust

if TYPE_CHECKING:
    from rich.console import Console

    from tamesu.cli.evaluate.running import Judged

STYLES = {Trust.TRUSTWORTHY: "bold green", Trust.WEAK: "bold yellow", Trust.REFUSE: "bold red"}

LEFT_OUT = {
    "older": "decided before what is looked at begins",
    "open": "something in time may still come of them",
    "fallback": "decided by the fallback, not by a policy",
    "otherwise": "laid out or rewarded in a way that cannot be told as the newest declaration does",
    "incomplete": "the archive does not hold all of them any more",
    "context": "their context does not fit the schema",
    "before": "decided before what the policy had learnt was complete",
}
"""Why decisions of a bandit are not judged by, in words; other logs say it themselves."""

MEANINGS = {
    Trust.TRUSTWORTHY: "trustworthy: nothing that was looked at speaks against these numbers",
    Trust.WEAK: "weak: the numbers may be further off than their intervals say",
    Trust.REFUSE: "refused: any number would say more of luck, or of an error in the log, than of the policy",
}


def tell_json(source: Source, judged: Sequence[Judged], asked: Question) -> None:
    """Prints all of it as one object."""
    write_json(
        {
            "source": source.about,
            "policies": [
                {
                    "policy": one.case.policy,
                    "told": dict(one.case.told),
                    **one.found.plain(anyway=asked.anyway),
                }
                for one in judged
            ],
            "html": asked.html and str(asked.html),
        }
    )


def tell(source: Source, judged: Sequence[Judged], asked: Question) -> None:
    """Prints tables."""
    out = console()
    out.print(source.about, style="bold", markup=False, soft_wrap=True)
    of_logs = [of_log(one) for one in judged]
    if len(set(of_logs)) == 1:
        out.print(of_logs.pop(0), markup=False, soft_wrap=True)
    for one in judged:
        if len(of_logs) == len(judged):
            out.print(f"\n{one.case.policy}: {of_log(one)}", markup=False, soft_wrap=True)
        _tell_one(out, one, asked)
    if asked.html is not None:
        out.print(f"\nwritten to {asked.html}", markup=False, soft_wrap=True)


def warn(judged: Sequence[Judged], asked: Question) -> None:
    """Says on stderr what is not to be trusted, so that it is seen where stdout goes elsewhere."""
    sys.stdout.flush()
    for one in judged:
        verdict = one.found.verdict
        if verdict.trust is not Trust.TRUSTWORTHY:
            worst = verdict.reasons[0].told
            print_error(
                f"warning: {one.case.policy} is {MEANINGS[verdict.trust].split(':')[0]}: {worst}"
            )
        if verdict.trust is Trust.REFUSE and not asked.anyway:
            print_error("hint: its numbers are not printed; --anyway prints them")


def of_log(one: Judged) -> str:
    """What the log is that a policy is judged by."""
    found, arms = one.found, len(one.case.rounds.arms)
    seen = found.diagnostics
    first, last = seen.drift.parts[0].since, seen.drift.parts[-1].until
    lines = [f"{seen.rounds:,} decisions of {arms:,} arms{_span(first, last)}"]
    if seen.clusters < seen.rounds:
        lines.append(f"{seen.clusters:,} units, each counted as one")
    if seen.shown < seen.rounds:
        lines.append(f"{seen.rounds - seen.shown:,} seen by nobody: per decision they earn nothing")
    lines += [
        f"left out {count:,}: {LEFT_OUT.get(why, why)}"
        for why, count in found.left_out.items()
        if count
    ]
    return "\n".join(lines)


def before(found: Diagnostics) -> list[tuple[str, str, str]]:
    """What is looked at before any number: what, how much, and what it should be."""
    weights, bets = found.weights, found.calibration
    rows = [
        (
            "worth",
            f"{_short(weights.effective)} decisions",
            f"of this policy, out of {found.rounds:,}; {LIMITS['effective rounds'].weak:g} are enough",
        ),
        (
            "that differ",
            _short(weights.effective_rewards),
            "of these, about, earned something else than most",
        ),
        (
            "mean weight",
            f"{weights.mean:.3f} ± {weights.error:.2g}",
            "1 where all that it does was done",
        ),
        ("largest weight", _short(weights.largest), f"{weights.largest_share:.2%} of all weight"),
        (
            "propensities",
            f"10^{bets.evidence:.1f}" if bets.evidence > 0 else "sound",
            f"what betting against them won, most on “{bets.against}”; 10^6 is no luck"
            if bets.evidence > 0
            else "betting against them won nothing",
        ),
        (
            "drift",
            "" if math.isnan(found.drift.target) else f"{found.drift.target:+.1f}",
            "standard errors from its first half to its second",
        ),
    ]
    if not math.isnan(weights.untried):
        rows.insert(4, ("never tried", f"{weights.untried:.2%}", "of what it does"))
    if found.clusters < found.rounds:
        rows.insert(1, ("", f"{_short(weights.effective_clusters)} units", "likewise"))
    return rows


def numbers(found: Evaluation) -> list[tuple[str, str, str, str]]:
    """Each estimate: per what, by what, value, interval."""
    rows = []
    for one in (*found.logged, *found.estimates):
        name = "logged, as it was" if one in found.logged else one.estimator
        if one.tuned is not None:
            name += f" ({figure(one.tuned)})"
        chance = "" if one.run_error is None else f", runs ± {figure(one.run_error)}"
        rows.append((one.estimand.value, name, figure(one.value), between(one) + chance))
    return sorted(rows, key=lambda row: row[0])


def figure(value: float) -> str:
    """Four digits that count, and whatever else stands before the point."""
    if math.isnan(value):
        return "none"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"  # noqa: PLR2004 - as said


def between(one: Estimate) -> str:
    """Its interval."""
    if math.isnan(one.interval.low):
        return ""
    return f"{figure(one.interval.low)} to {figure(one.interval.high)}"


def _tell_one(out: Console, one: Judged, asked: Question) -> None:
    found = one.found
    out.print(
        table(
            f"\n{one.case.policy}: what the log can tell", ["", ">", ""], before(found.diagnostics)
        )
    )
    verdict = found.verdict
    out.print(MEANINGS[verdict.trust], style=STYLES[verdict.trust], markup=False, soft_wrap=True)
    for reason in verdict.reasons:
        out.print(f"- {reason.told}", markup=False, soft_wrap=True)
        out.print(f"  {LIMITS[reason.what].why}", style="dim", markup=False, soft_wrap=True)
    if found.refused and not asked.anyway:
        return
    title = f"{one.case.policy}: what it would have earned"
    share = f"{found.confidence * 100:g} %, {found.interval}"
    out.print(table(title, ["per", "by", ">reward", f">{share}"], numbers(found)))


def _span(first: int, last: int) -> str:
    """From when to when, where times were told and not counted."""
    if last < 1_000_000_000_000_000:  # noqa: PLR2004 - microseconds: before 2001 nobody logged
        return ""
    return f", {Time(first).text()[:10]} to {Time(last).text()[:10]}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits
