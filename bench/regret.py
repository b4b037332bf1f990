"""Regret of Tamesu and its peers in the same worlds, with the same luck.

Every player plays up to 100 seeds of every world whose rewards it knows; a slow one as many as fit
into its time. Runs are kept, so that a run which is interrupted goes on, and a later one adds to it:

    python bench/regret.py --fill --budget 600     play on; print no figures
    python bench/regret.py --json                  what `make bench` asks: play on, then the figures
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import records
from regret_tables import figures
from team import OURS, Name, PlayerFailed, Worker, line_up
from worlds import WORLDS

SEEDS = 100
LEAST = 3
"""Seeds that even the slowest player plays."""


def main() -> None:
    """Plays what is missing, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--fill", action="store_true", help="only play")
    parser.add_argument("--budget", type=float, default=60, help="seconds a player and world")
    parser.add_argument("--until", type=float, default=1e12, help="stop after so many seconds")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args()
    names, failed = line_up()
    broken = fill(names, asked)
    if asked.fill:
        return
    gave = figures(names, {**failed, **broken})
    print(json.dumps(gave, ensure_ascii=False) if asked.json else as_text(gave))


def fill(names: list[Name], asked: argparse.Namespace) -> dict[str, str]:
    """Plays what is missing; the players that failed, with the reason."""
    cells = [
        (name, world)
        for world, facts in WORLDS.items()
        for name in names
        if facts.rewards in name.rewards
    ]
    verify([cell for cell in cells if cell[0].module == OURS])
    season = Season(cells, asked)
    hands = [threading.Thread(target=season.play_on) for _ in range(asked.jobs)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return season.broken


class Season:
    """Runs still to be played, seed by seed over all players and worlds, by several hands.

    Attributes:
        broken: players that failed, with the reason; they play no more.
    """

    def __init__(self, cells: list[tuple[Name, str]], asked: argparse.Namespace) -> None:
        self.broken: dict[str, str] = {}
        self._budget = asked.budget
        self._end = time.monotonic() + asked.until
        self._spent = {
            cell: {run["seed"]: run["seconds"] for run in records.read(*cell)} for cell in cells
        }
        self._todo: queue.SimpleQueue[tuple[tuple[Name, str], int]] = queue.SimpleQueue()
        for seed in range(asked.seeds):
            for cell in cells:
                if seed not in self._spent[cell]:
                    self._todo.put((cell, seed))

    def play_on(self) -> None:
        """Plays with workers of its own until nothing is left, or the time is over."""
        workers: dict[str, Worker] = {}
        while time.monotonic() < self._end and not self._todo.empty():
            try:
                cell, seed = self._todo.get_nowait()
            except queue.Empty:
                break
            if not self._may(cell):
                continue
            name, world = cell
            try:
                worker = workers.get(name.module) or Worker(name.module)
                workers[name.module] = worker
                run = worker.ask(do="play", player=name.player, world=world, seed=seed)
            except PlayerFailed as problem:
                self.broken[name.player] = f"{world}: {problem}"
                workers.pop(name.module, None)
                continue
            records.keep(name, world, run)
            self._spent[cell][seed] = run["seconds"]
            print(f"{world} {seed} {name.player}: {run['curve'][-1]:.0f}", file=sys.stderr)
        for worker in workers.values():
            worker.end()

    def _may(self, cell: tuple[Name, str]) -> bool:
        """Whether a player has time left in a world; ours always has, and everybody for a few."""
        name, spent = cell[0], self._spent[cell]
        if name.player in self.broken:
            return False
        return name.module == OURS or len(spent) < LEAST or sum(spent.values()) < self._budget


def verify(cells: list[tuple[Name, str]]) -> None:
    """Drops runs of ours that this code would not play again as they were; looks once per code."""
    if records.known():
        return
    worker = Worker(OURS)
    for name, world in cells:
        kept = records.read(name, world)
        if not kept:
            continue
        again = worker.ask(do="play", player=name.player, world=world, seed=kept[0]["seed"])
        if again["curve"] != kept[0]["curve"]:
            print(f"dropped the runs of {name.player} in {world}: played by other code")
            records.drop(name, world)
    worker.end()
    records.knows()


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
