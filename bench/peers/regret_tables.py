"""Runs as tables and curves: means with standard errors, and differences pair by pair.

Refuses to play.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from records import read
from team import BESIDE, CONTEXT, LEAGUE_OF, LEAGUES, PLAIN, Name, told_versions
from worlds import ROUNDS, lai_robbins

HEAD = (
    "player",
    "regret",
    "seeds",
    "beside Tamesu, same seeds",
    "best arm",
    "p < 1e-6",
    "ESS",
    "µs",
)
ENOUGH = 10
"""Seeds that a difference needs before it is called clear."""
COLUMNS = f"""\
{ROUNDS:,} rounds, 10 arms where nothing else is said. *Regret* is in expected rewards against the arm that
is best in its round, mean ± standard error over the seeds. Every player of a seed has the same luck, so
the difference to Tamesu is taken pair by pair: to {BESIDE[PLAIN]}, and in worlds with a context to
{BESIDE[CONTEXT]}. It is bold beyond three standard errors of ten seeds or more. *Best arm*: the
share of decisions on it. *p < 1e-6*: the share of arms that are as good as never logged; *ESS*: the
effective sample size of the log for the uniform target, per row. Both come from the distribution at every
500th round (every 100th where there is a context), and are empty for a player that tells none. *µs*: a round, learning
included, on a machine that was busy with other things.

Low regret and evaluability trade off: who never shows a bad arm learns nothing more of it.

Few seeds are few: *seeds* says how many. A run of Tamesu with a context takes seconds, so a hundred seeds of its formulas,
beside those of LinUCB, are played by themselves: [the linear belief](math/linear.md), `bench/regret_at_once.py`.
"""


def figures(names: list[Name], worlds: list[str], failed: dict[str, str]) -> dict[str, Any]:
    """What the page shows."""
    tables, drawings = [], []
    for world in worlds:
        runs = {name.player: read(name, world) for name in names if name.plays(world)}
        runs = {player: kept for player, kept in runs.items() if len(kept) > 1}
        if runs:
            tables.append(_table(world, runs))
            drawings.append(_curves(world, runs))
    notes = [*COLUMNS.splitlines(), "", "Peers: " + "; ".join(told_versions()) + "."]
    if failed:
        notes += ["", "Did not play: " + "; ".join(f"{who} ({why})" for who, why in failed.items())]
    return {"notes": notes, "tables": tables, "curves": drawings}


def _table(world: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    facts, beside = LEAGUES[LEAGUE_OF[world]][world], BESIDE[LEAGUE_OF[world]]
    ends = {player: _ends(kept) for player, kept in runs.items()}
    ours = ends.get(beside, {})
    order = sorted(runs, key=lambda player: float(np.mean(list(ends[player].values()))))
    rows = []
    for player in order:
        kept = runs[player]
        mean, error = _mean(list(ends[player].values()))
        label = f"**{player}**" if player.startswith("Tamesu") else player
        rows.append(
            (
                label,
                f"{mean:,.0f} ± {error:,.1f}",
                str(len(kept)),
                "" if ends[player] is ours else _apart(ends[player], ours),
                f"{np.mean([run['best'] for run in kept]):.2f}",
                _told(kept, "never", ".2f"),
                _told(kept, "effective", ".3f"),
                f"{np.median([run['round_us'] for run in kept]):,.0f}",
            )
        )
    bound = lai_robbins(world)
    notes = [facts.told]
    if bound:
        notes += [
            "",
            f"The asymptotic lower bound of Lai and Robbins at {ROUNDS:,} rounds: {bound:.0f}.",
        ]
    better = [player for player in order if _clearly(ends[player], ours)]
    notes += ["", f"Clearly better than {beside} here: {', '.join(better) or 'nobody'}."]
    return {"title": f"Regret: {world}", "notes": notes, "head": HEAD, "rows": rows}


def _ends(kept: list[dict[str, Any]]) -> dict[int, float]:
    return {run["seed"]: run["curve"][-1] for run in kept}


def _mean(values: list[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _apart(theirs: dict[int, float], ours: dict[int, float]) -> str:
    both = sorted(theirs.keys() & ours.keys())
    if len(both) < 2:
        return ""
    mean, error = _mean([theirs[seed] - ours[seed] for seed in both])
    text = f"{mean:+,.0f} ± {error:,.1f}"
    return f"**{text}**" if abs(mean) > 3 * error and len(both) >= ENOUGH else text


def _clearly(theirs: dict[int, float], ours: dict[int, float]) -> bool:
    """Whether they lost less than ours, beyond three standard errors."""
    both = sorted(theirs.keys() & ours.keys())
    if theirs is ours or len(both) < ENOUGH:
        return False
    mean, error = _mean([theirs[seed] - ours[seed] for seed in both])
    return mean < -3 * error


def _told(kept: list[dict[str, Any]], fact: str, form: str) -> str:
    told = [run[fact] for run in kept if run[fact] is not None]
    return format(float(np.mean(told)), form) if told else ""


def _curves(world: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    series = []
    for player, kept in runs.items():
        every = np.array([run["curve"] for run in kept])
        error = every.std(axis=0, ddof=1) / math.sqrt(len(kept))
        rounded = {"y": every.mean(axis=0).round(1).tolist(), "se": error.round(2).tolist()}
        series.append({"name": player, **rounded})
    points = len(series[0]["y"])
    bound = lai_robbins(world)
    x = [ROUNDS // points * (point + 1) for point in range(points)]
    if bound:
        per_log = bound / math.log(ROUNDS)
        y = [round(per_log * math.log(number), 1) for number in x]
        series.append({"name": "Lai–Robbins", "y": y, "style": ":"})
    ends = sorted(line["y"][-1] for line in series)
    return {
        "title": f"Regret: {world} (mean ± standard error)",
        "file": f"benchmarks-regret-{world}.svg",
        "x": x,
        "x_label": "rounds",
        "y_label": "regret",
        "top": round(1.15 * ends[int(0.8 * (len(ends) - 1))], 1),
        "series": series,
    }
