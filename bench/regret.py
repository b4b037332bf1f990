"""Regret of Tamesu and its peers in the same worlds, with the same luck.

Every player plays up to 100 seeds of every world whose rewards it knows; a slow one as many as fit
into its time, which is as long for all. Runs are kept, so that a run which is interrupted goes on, and a later one adds to it:

    python bench/regret.py --fill --budget 600     play on; print no figures
    python bench/regret.py --fill --worlds linear,logistic --players ucb
    python bench/regret.py --json                  what `make bench` asks: play on, then the figures
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import records
from regret_tables import figures
from team import LEAGUE_OF, LEAGUES, OURS, Name, PlayerFailed, Worker, line_up

SEEDS = 100
LEAST = 3
"""Seeds that even the slowest player plays."""
FAVOUR = 20.0
"""So many times as long as anybody else plays the one that all are compared with."""


def main() -> None:
    """Plays what is missing, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--fill", action="store_true", help="only play")
    parser.add_argument(
        "--budget",
        type=float,
        default=60,
        help="seconds a player and world; 600 gives all but the slowest 100 seeds",
    )
    parser.add_argument("--until", type=float, default=1e12, help="stop after so many seconds")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--worlds", help="only these, with commas between")
    parser.add_argument("--players", default="", help="only play those with this in their names")
    asked = parser.parse_args()
    worlds = asked.worlds.split(",") if asked.worlds else list(LEAGUE_OF)
    names: list[Name] = []
    failed: dict[str, str] = {}
    for league in {LEAGUE_OF[world]: None for world in worlds}:
        found, cannot = line_up(league)
        names += found
        failed |= cannot
    broken = fill(names, worlds, asked)
    if asked.fill:
        return
    gave = figures(names, worlds, {**failed, **broken})
    print(json.dumps(gave, ensure_ascii=False) if asked.json else as_text(gave))


def fill(names: list[Name], worlds: list[str], asked: argparse.Namespace) -> dict[str, str]:
    """Plays what is missing; the players that failed, with the reason."""
    cells = [(name, world) for world in worlds for name in names if name.plays(world)]
    cells = [cell for cell in cells if asked.players.lower() in cell[0].player.lower()]
    for league in LEAGUES:
        verify(league, [(n, w) for n, w in cells if n.module == OURS and n.league == league])
    season = Season(cells, asked)
    hands = [threading.Thread(target=season.play_on) for _ in range(asked.jobs)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return season.broken


class Season:
    """Runs still to be played, by several hands. Whoever had the least time in a world plays next, so
    that all have as much and the fast play more seeds; the one with whom all are compared has more.

    Attributes:
        broken: players that failed, with the reason; they play no more.
    """

    def __init__(self, cells: list[tuple[Name, str]], asked: argparse.Namespace) -> None:
        self.broken: dict[str, str] = {}
        self._budget = asked.budget
        self._end = time.monotonic() + asked.until
        self._choosing = threading.Lock()
        self._spent: dict[tuple[Name, str], float] = {}
        self._todo: dict[tuple[Name, str], list[int]] = {}
        self._must = asked.seeds - LEAST
        for cell in cells:
            kept = {run["seed"]: run["seconds"] for run in records.read(*cell)}
            self._spent[cell] = sum(kept.values())
            self._todo[cell] = [seed for seed in range(asked.seeds) if seed not in kept]

    def play_on(self) -> None:
        """Plays with workers of its own until nothing is left, or the time is over."""
        workers: dict[tuple[str, str], Worker] = {}
        while time.monotonic() < self._end and (chosen := self._next()):
            (name, world), seed = chosen
            home = (name.module, name.league)
            try:
                worker = workers.get(home) or Worker(*home)
                workers[home] = worker
                run = worker.ask(do="play", player=name.player, world=world, seed=seed)
            except PlayerFailed as problem:
                self.broken[name.player] = f"{world}: {problem}"
                workers.pop(home, None)
                continue
            records.keep(name, world, run)
            self._spent[name, world] += run["seconds"]
            print(f"{world} {seed} {name.player}: {run['curve'][-1]:.0f}", file=sys.stderr)
        for worker in workers.values():
            worker.end()

    def _next(self) -> tuple[tuple[Name, str], int] | None:
        """The next run, or none where nobody may play any more."""
        with self._choosing:
            able = [cell for cell in self._todo if self._may(cell)]
            if not able:
                return None
            cell = min(able, key=self._had)
            self._spent[cell] += 1e-3  # so that the other hand takes another one
            return cell, self._todo[cell].pop(0)

    def _may(self, cell: tuple[Name, str]) -> bool:
        left = self._todo[cell]
        if not left or cell[0].player in self.broken:
            return False
        return len(left) > self._must or self._had(cell) < self._budget

    def _had(self, cell: tuple[Name, str]) -> float:
        return self._spent[cell] / (FAVOUR if cell[0].beside else 1.0)


def verify(league: str, cells: list[tuple[Name, str]]) -> None:
    """Drops runs of ours that this code would not play again as they were; looks once per code."""
    if not cells or records.known(league):
        return
    worker = Worker(OURS, league)
    for name, world in cells:
        kept = records.read(name, world)
        if not kept:
            continue
        again = worker.ask(do="play", player=name.player, world=world, seed=kept[0]["seed"])
        if again["curve"] != kept[0]["curve"]:
            print(f"dropped the runs of {name.player} in {world}: played by other code")
            records.drop(name, world)
    worker.end()
    records.knows(league)


def as_text(gave: dict[str, Any]) -> str:
    """The tables, for a terminal."""
    lines = []
    for table in gave["tables"]:
        lines += [
            table["title"],
            *("  " + "  ".join(row) for row in (table["head"], *table["rows"])),
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
