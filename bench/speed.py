"""Speed of Tamesu in memory and its peers: one decision, one decision learnt at once, one batch learnt.

Every player's process is alive for the whole part and has its turn again and again, so that what else
the machine does falls on all of them. A context-free bandit with rewards 0 and 1, and linear ones.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import argparse
import json

from team import CONTEXT, OURS, PLAIN, Name, PlayerFailed, Worker, line_up, told_versions

from figures import Figure, figure, short

Question = dict[str, Any]
"""What is timed: `what`, and how many `arms`, and `features` where there is a context."""

SMALL, LARGE = {"arms": 20}, {"arms": 100}
QUESTIONS: dict[str, tuple[Question, ...]] = {
    PLAIN: (
        {"what": "decide", **SMALL},
        {"what": "decide", **LARGE},
        {"what": "cycle", **SMALL},
        {"what": "cycle", **LARGE},
        {"what": "batch", **SMALL},
    )
}
QUESTIONS[CONTEXT] = tuple(
    {**question, "features": question["arms"]} for question in QUESTIONS[PLAIN]
)
HEAD = (
    "player",
    "decide, 20 arms",
    "100 arms",
    "decide and learn, 20 arms",
    "100 arms",
    "learn a batch, 20 arms",
    "tells",
)
WITH_CONTEXT = """\
As above, with as many features as arms: 20 and 100. Rewards are numbers. Peers that are as fast or faster
draw from no distribution, or keep no covariance; *tells* says which tell propensities.
"""
EXACT = ("Tamesu, linear × randomized UCB", "Tamesu, linear × Thompson")
"""Players with a reach, by what they may take of the fastest of `RIVALS`."""
REACHES = {EXACT[0]: 0.3, EXACT[1]: 1.0}
RIVALS = ("LinUCB", "LinTS", "Thompson", "SquareCB", "cover")
"""Peers that learn a full covariance, or SquareCB's distribution: by how their names end."""
LEFT_OUT = {
    (
        CONTEXT,
        "coba",
    ): "at 100 × 100 its one regression has 10,101 columns, whose inverse takes 800 MB",
}
LEARNS = 1.5
"""So many times the observations of a batch of the fastest peer."""
TELLS = {
    "ours": "all propensities, exact",
    "coba": "all propensities",
    "vowpal_wabbit": "all propensities",
    "vowpal_wabbit_next": "all propensities",
    "gittins": "the chosen arm's",
    "obp": "by simulation",
}
NOTES = """\
Medians in µs per decision; the last column but one in observations/s. *Decide* is a decision while
nothing is learnt; *decide and learn* alternates, so whatever a player puts off until it is asked next is
in it. *A batch* is 10,000 observations of decisions made before, 1,000 for a player that would need too
long. *Tells*: what propensities come with a decision.

Where peers win: who learns after every single decision pays Tamesu for an exact distribution each time,
and peers that draw a score for each arm and tell no propensity are up to fifty times as fast. Tamesu is
made for many decisions between two learnings; there a decision costs less than one draw of Beta numbers.
In batches, counting alone is faster still: most of Tamesu's time goes into checking of every decision that
this bandit made it, and that it was not learnt before.

This is Tamesu in memory. Over HTTP, with every decision in a durable log, see over_http above.
"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    parser.add_argument("--league", choices=[PLAIN, CONTEXT], help="only these players")
    asked = parser.parse_args()
    found = [
        measured(league, asked.turns, asked.seconds)
        for league in ([asked.league] if asked.league else QUESTIONS)
    ]
    tables = [table for table, _ in found]
    figures = [asdict(one) for _, of_league in found for one in of_league]
    if asked.json:
        print(json.dumps({"figures": figures, "tables": tables}, ensure_ascii=False))
        return
    for table in tables:
        print("\n".join("  ".join(row) for row in (HEAD, *table["rows"])))
    for one in figures:
        print(
            f"{one['name']}: {short(one['value'])} {one['unit']}, {one['ratio']:.2f} × {one['against']}"
        )


def measured(league: str, turns: int, seconds: float) -> tuple[dict[str, Any], list[Figure]]:
    """The table of one league, and the figures that have a reach."""
    names, failed = line_up(league)
    for name in list(names):
        if (league, name.module) in LEFT_OUT:
            failed[name.player] = LEFT_OUT[league, name.module]
    names = [name for name in names if "binary" in name.rewards and "explore" not in name.player]
    names = [name for name in names if name.player not in failed]
    taken = in_turns(league, names, failed, turns, seconds)
    rows = [(name, times) for name, times in taken.items() if len(times) == len(QUESTIONS[league])]
    rows.sort(key=lambda row: row[1][0])
    notes = [*NOTES.splitlines(), "", "Peers: " + "; ".join(told_versions()) + "."]
    if league == CONTEXT:
        notes = WITH_CONTEXT.splitlines()
    if failed:
        notes += ["", "Left out: " + "; ".join(f"{who} ({why})" for who, why in failed.items())]
    title = "Speed with a context, linear" if league == CONTEXT else "Speed"
    table = {"title": title, "notes": notes, "head": HEAD, "rows": [line(*row) for row in rows]}
    return table, reaches(dict(rows)) if league == CONTEXT else []


def reaches(taken: dict[Name, dict[int, float]]) -> list[Figure]:
    """What is held against the fastest peer of the same run."""
    peers = {
        name: times
        for name, times in taken.items()
        if name.module not in {OURS, "plain_numpy"} and name.player.endswith(RIVALS)
    }
    found = []
    for name, times in taken.items():
        if name.player not in REACHES or not peers:
            continue
        ours = name.player.removeprefix("Tamesu, ")
        for place, size in ((0, "20 × 20"), (1, "100 × 100")):
            best = min(peers, key=lambda peer: peers[peer][place])
            found.append(
                figure(
                    f"one decision of {ours}, {size}",
                    value=times[place],
                    unit="µs",
                    beside=(best.player, peers[best][place]),
                    reach=f"≤ {REACHES[name.player]:g}",
                )
            )
    for name, times in taken.items():
        if name.player == EXACT[0] and peers:
            best = min(peers, key=lambda peer: peers[peer][4])
            found.append(
                figure(
                    "observations of a batch learnt by the linear belief, 20 × 20",
                    value=1e6 / times[4],
                    unit="/s",
                    beside=(best.player, 1e6 / peers[best][4]),
                    reach=f"≥ {LEARNS:g}",
                )
            )
    return found


def in_turns(
    league: str, names: list[Name], failed: dict[str, str], turns: int, seconds: float
) -> dict[Name, dict[int, float]]:
    """Median µs of each player and question, by its place; who fails is added to `failed`."""
    workers = {module: Worker(module, league) for module in {name.module for name in names}}
    times: dict[Name, dict[int, list[float]]] = {name: {} for name in names}
    for turn in range(turns):
        for place, question in enumerate(QUESTIONS[league]):
            for name in names:
                if name.player in failed:
                    continue
                try:
                    took = asked_of(workers[name.module], name, question, seconds)
                except PlayerFailed as problem:
                    failed[name.player] = str(problem)
                    continue
                times[name].setdefault(place, []).append(took)
        print(f"turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    for worker in workers.values():
        worker.end()
    return {
        name: {place: statistics.median(every) for place, every in found.items()}
        for name, found in times.items()
        if name.player not in failed
    }


def asked_of(worker: Worker, name: Name, question: Question, seconds: float) -> Any:
    """One turn."""
    return worker.ask(do="time", player=name.player, seconds=seconds, **question)


def line(name: Name, times: dict[int, float]) -> tuple[str, ...]:
    """A row of the table."""
    *decisions, batch = (times[place] for place in sorted(times))
    label = f"**{name.player}**" if name.module == "ours" else name.player
    tells = TELLS.get(name.module, "all propensities" if name.player == "uniform" else "none")
    learnt = "-" if name.player == "uniform" else f"{1e6 / batch:,.0f}"
    return (label, *(short(took) for took in decisions), learnt, tells)


if __name__ == "__main__":
    main()
