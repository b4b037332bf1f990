"""The process that runs in a peer's environment: a line of JSON in, a line of JSON out.

Asked `{"do": "players"}` it tells the players' names and the rewards they know; `{"do": "play",
"player", "world", "seed"}` plays one run; `{"do": "time", "player", "what", "arms", "seconds"}` times
one turn, with `"features"` where there is a context. What goes wrong is answered as
`{"failed": ...}`, and the next line is read. Needs NumPy and the peer, and nothing of ours.

    python worker.py LEAGUE MODULE      such as  players mabwiser : a module of players/ or contextual/
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def main(league: str, module: str) -> None:
    """Answers until its input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not stand between the answers
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    players: dict[str, Any] = {}
    timings: dict[str, Any] = {}
    try:
        players = importlib.import_module(f"{league}.{module}").PLAYERS
        problem = None
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way, and that is a result
        problem = f"{type(error).__name__}: {error}"
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"failed": problem} if problem else ANSWERS[league](players, timings, asked)
        except Exception as error:  # noqa: BLE001 - the same
            answer = {"failed": f"{type(error).__name__}: {error}"[:400]}
        print(json.dumps(answer), file=answers, flush=True)


def context_free(players: dict[str, Any], timings: dict[str, Any], asked: dict[str, Any]) -> Any:
    """The answer to one line, of players without a context."""
    if asked["do"] == "players":
        return {name: rewards for name, (_, rewards) in players.items()}
    make = players[asked["player"]][0]
    if asked["do"] == "play":
        from play import play
        from worlds import ARMS, WORLDS

        world = WORLDS[asked["world"]]
        return play(make(ARMS, asked["seed"], world.rewards), world, asked["seed"])
    from timing import Timing

    timing = timings.setdefault(asked["player"], Timing(lambda arms: make(arms, 1, "binary")))
    return getattr(timing, asked["what"])(asked["arms"], asked["seconds"])


def contextual(players: dict[str, Any], timings: dict[str, Any], asked: dict[str, Any]) -> Any:
    """The answer to one line, of players with a context."""
    if asked["do"] == "players":
        return {name: rewards for name, (_, rewards) in players.items()}
    make = players[asked["player"]][0]
    if asked["do"] == "play":
        from contextual_play import play
        from contextual_worlds import CONTEXTUAL

        world = CONTEXTUAL[asked["world"]]
        player = make(world.arms, world.features, asked["seed"], world.rewards)
        return play(player, world, asked["seed"])
    from contextual_timing import Timing

    timing = timings.setdefault(asked["player"], Timing(make))
    return getattr(timing, asked["what"])(asked["arms"], asked["features"], asked["seconds"])


ANSWERS = {"players": context_free, "contextual": contextual}

if __name__ == "__main__":
    main(*sys.argv[1:])
