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

from environments import MODULES, python_of, versions
from worlds import WORLDS

WORKER = Path(__file__).resolve().parent / "worker.py"
OURS = "ours"
BESIDE = "Tamesu, Thompson"
"""The player that all others are compared with."""
EVERY = (OURS, "plain_numpy", *MODULES)


class PlayerFailed(Exception):
    """A player could not do what it was asked; the text says why."""


class Worker:
    """One process in the environment of one peer.

    Raises:
        PlayerFailed: the environment cannot be made.
    """

    def __init__(self, module: str) -> None:
        try:
            python = python_of(module)
        except RuntimeError as problem:
            raise PlayerFailed(f"does not install: {problem}") from problem
        self._process = subprocess.Popen(
            [str(python), str(WORKER), module],
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
        module: of `players/`.
        player: as tables call it.
        rewards: what rewards it knows, or a world that it alone is for.
    """

    module: str
    player: str
    rewards: tuple[str, ...]

    def plays(self, world: str) -> bool:
        """Whether it can play this world."""
        return not {world, WORLDS[world].rewards}.isdisjoint(self.rewards)


def line_up(modules: tuple[str, ...] = EVERY) -> tuple[list[Name], dict[str, str]]:
    """Every player of these modules, and the modules that cannot play with the reason."""
    names, failed = [], {}
    for module in modules:
        try:
            worker = Worker(module)
            told = worker.ask(do="players")
            worker.end()
        except PlayerFailed as problem:
            failed[module] = str(problem)
            continue
        names += [Name(module, player, tuple(rewards)) for player, rewards in told.items()]
    return names, failed


def told_versions() -> list[str]:
    """Every peer with its version."""
    return [versions(module) for module in MODULES]
