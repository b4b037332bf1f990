"""Speed of Tamesu in memory and its peers: one decision, one decision learnt at once, one batch learnt.

Every player's process is alive for the whole part and has its turn again and again, so that what else
the machine does falls on all of them. A context-free bandit with rewards 0 and 1.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import argparse
import json

from team import Name, PlayerFailed, Worker, line_up, told_versions

from figures import short

QUESTIONS = (("decide", 20), ("decide", 100), ("cycle", 20), ("cycle", 100), ("batch", 20))
HEAD = (
    "player",
    "decide, 20 arms",
    "100 arms",
    "decide and learn, 20 arms",
    "100 arms",
    "learn a batch, 20 arms",
    "tells",
)
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
    asked = parser.parse_args()
    names, failed = line_up()
    names = [name for name in names if "binary" in name.rewards and "explore" not in name.player]
    taken = in_turns(names, failed, asked.turns, asked.seconds)
    rows = [(name, times) for name, times in taken.items() if len(times) == len(QUESTIONS)]
    rows.sort(key=lambda row: row[1][QUESTIONS[0]])
    notes = [*NOTES.splitlines(), "", "Peers: " + "; ".join(told_versions()) + "."]
    if failed:
        notes += ["", "Failed: " + "; ".join(f"{who} ({why})" for who, why in failed.items())]
    table = {"title": "Speed", "notes": notes, "head": HEAD, "rows": [line(*row) for row in rows]}
    if asked.json:
        print(json.dumps({"tables": [table]}, ensure_ascii=False))
    else:
        print("\n".join("  ".join(row) for row in (HEAD, *table["rows"])))


def in_turns(
    names: list[Name], failed: dict[str, str], turns: int, seconds: float
) -> dict[Name, dict[tuple[str, int], float]]:
    """Median µs of each player and question; who fails is added to `failed`."""
    workers = {module: Worker(module) for module in {name.module for name in names}}
    times: dict[Name, dict[tuple[str, int], list[float]]] = {name: {} for name in names}
    for turn in range(turns):
        for question in QUESTIONS:
            for name in names:
                if name.player in failed:
                    continue
                try:
                    took = asked_of(workers[name.module], name, question, seconds)
                except PlayerFailed as problem:
                    failed[name.player] = str(problem)
                    continue
                times[name].setdefault(question, []).append(took)
        print(f"turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    for worker in workers.values():
        worker.end()
    return {
        name: {question: statistics.median(every) for question, every in found.items()}
        for name, found in times.items()
        if name.player not in failed
    }


def asked_of(worker: Worker, name: Name, question: tuple[str, int], seconds: float) -> Any:
    """One turn."""
    what, arms = question
    return worker.ask(do="time", player=name.player, what=what, arms=arms, seconds=seconds)


def line(name: Name, times: dict[tuple[str, int], float]) -> tuple[str, ...]:
    """A row of the table."""
    *decisions, batch = (times[question] for question in QUESTIONS)
    label = f"**{name.player}**" if name.module == "ours" else name.player
    tells = TELLS.get(name.module, "all propensities" if name.player == "uniform" else "none")
    learnt = "-" if name.player == "uniform" else f"{1e6 / batch:,.0f}"
    return (label, *(short(took) for took in decisions), learnt, tells)


if __name__ == "__main__":
    main()
