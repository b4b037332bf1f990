"""The workers of all peers, as the measuring side sees them.

A peer that does not install, does not load or fails in a call is a result with its reason, and ends
no run of the others. Refuses to measure.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contextual_worlds import CONTEXTUAL
from environments import MODULES, python_of, versions
from worlds import WORLDS

HERE = Path(__file__).resolve().parent
WORKER = HERE / "worker.py"
OURS = "ours"
EVERY = (OURS, "plain_numpy", *MODULES)
PLAIN, CONTEXT = "players", "contextual"
"""The leagues, as their folders are called: players without a context, and with one."""
LEAGUES = {PLAIN: WORLDS, CONTEXT: CONTEXTUAL}
"""The worlds of each."""
LEAGUE_OF = {world: league for league, worlds in LEAGUES.items() for world in worlds}
BESIDE = {PLAIN: "Tamesu, Thompson", CONTEXT: "Tamesu, linear × randomized UCB"}
"""The player of each league that all others of it are compared with."""


class PlayerFailed(Exception):
    """A player could not do what it was asked; the text says why."""


class Worker:
    """One process in the environment of one peer.

    Raises:
        PlayerFailed: the environment cannot be made.
    """

    def __init__(self, module: str, league: str = PLAIN) -> None:
        try:
            python = python_of(module)
        except RuntimeError as problem:
            raise PlayerFailed(f"does not install: {problem}") from problem
        self._process = subprocess.Popen(
            [str(python), str(WORKER), league, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # sets of names have one order
        )

    def ask(self, **question: Any) -> Any:
        """The answer.

        Raises:
            PlayerFailed: the player failed, or its process died.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise PlayerFailed(f"its process ended with {self._process.wait()}")
        answer = json.loads(line)
        if isinstance(answer, dict) and "failed" in answer:
            raise PlayerFailed(answer["failed"])
        return answer

    def end(self) -> None:
        """Ends the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Name:
    """A player by name.

    Attributes:
        module: of its league's folder.
        player: as tables call it.
        rewards: what rewards it knows, or a world that it alone is for.
        league: `players` or `contextual`.
    """

    module: str
    player: str
    rewards: tuple[str, ...]
    league: str = PLAIN

    def plays(self, world: str) -> bool:
        """Whether it can play this world."""
        facts = LEAGUES[self.league].get(world)
        return facts is not None and not {world, facts.rewards}.isdisjoint(self.rewards)

    @property
    def beside(self) -> bool:
        """Whether it is the one that all others of its league are compared with."""
        return self.player == BESIDE[self.league]


def line_up(league: str = PLAIN) -> tuple[list[Name], dict[str, str]]:
    """Every player of a league, and the modules that cannot play with the reason."""
    names, failed = [], {}
    fielded = [module for module in EVERY if (HERE / league / f"{module}.py").exists()]
    for module in fielded:
        try:
            worker = Worker(module, league)
            told = worker.ask(do="players")
            worker.end()
        except PlayerFailed as problem:
            failed[module] = str(problem)
            continue
        names += [Name(module, player, tuple(known), league) for player, known in told.items()]
    return names, failed


def told_versions() -> list[str]:
    """Every peer with its version."""
    return [versions(module) for module in MODULES]
