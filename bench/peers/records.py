"""Runs that were played, kept outside the repository, so that a long benchmark may be interrupted.

A file a player and world, a line a run. The file's name holds a digest of all that the run is made
of: worlds, the way of playing, the player's module and its locked requirements. Ours changes without
any of those: its first run is played again, and all are dropped where it differs.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from environments import MODULES, cache, requirements
from team import CONTEXT, OURS, PLAIN, Name

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src" / "tamesu"
ROOMS = ("base", "policy", "bandit")
"""What a bandit in memory is made of."""


def place(name: Name, world: str) -> Path:
    """Where the runs of this player in this world are."""
    contextual = "contextual_" if name.league == CONTEXT else ""
    made_of = [HERE / f"{contextual}worlds.py", HERE / f"{contextual}play.py"]
    made_of += [HERE / name.league / f"{name.module}.py"] if name.module != OURS else []
    made_of += [requirements(name.module)] if name.module in MODULES else []
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    plain = "".join(letter if letter.isalnum() else "-" for letter in name.player.lower())
    return cache() / "regret" / world / f"{plain}-{digest}.jsonl"


def read(name: Name, world: str) -> list[dict[str, Any]]:
    """The runs kept, by seed; a line torn by an interruption is none."""
    path = place(name, world)
    runs = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            run = json.loads(line)
        except json.JSONDecodeError:
            continue
        runs[run["seed"]] = run
    return [runs[seed] for seed in sorted(runs)]


def keep(name: Name, world: str, run: dict[str, Any]) -> None:
    """Adds a run."""
    path = place(name, world)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run) + "\n")


def drop(name: Name, world: str) -> None:
    """Forgets the runs kept."""
    place(name, world).unlink(missing_ok=True)


def known(league: str) -> bool:
    """Whether our code is the one whose runs in this league were found alike last."""
    stamp = _stamp(league)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _code()


def knows(league: str) -> None:
    """Our code plays the runs of this league that are kept."""
    stamp = _stamp(league)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(_code(), encoding="utf-8")


def _stamp(league: str) -> Path:
    return cache() / "regret" / ("code" if league == PLAIN else f"code-{league}")


def _code() -> str:
    files = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
