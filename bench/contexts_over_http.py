"""What a context costs a decision over HTTP, and where the time goes.

One server, alone on its core, with two bandits that have learnt of their own decisions: one without contexts, and
one with a linear belief in contexts of 14 columns. Compared is the server's own processor time for a decision,
in turns. Then each is asked once more by a server under Python's profiler, whose times are told by room: it makes
calls of Python dearer than they are, so that shares say more than times.
"""

from __future__ import annotations

import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from figures import Figure, figure, short
from installation import ARMS
from keys import ticks_of
from load import ring, saturate
from over_http import CONTEXT, LOAD_CORE, plain_bodies, running, told_bodies
from tamesu.client import Client
from tamesu.wiring import Settings, supervisor

TURNS = 10
SECONDS = 1.0
LEARNT = 400
PATIENCE_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
BODIES = {"plain": plain_bodies, "told": told_bodies}
ROOMS = {
    "policy": "policy/",
    "serve.core": "serve/core/",
    "serve.http": "serve/http/",
    "base": "base/",
    "adapters, ports": ("adapters/", "ports/"),
}
"""What of `tamesu` is told apart; the rest is `others of ours`."""

NOTES = """\
Processor time of the server's main thread in µs a decision, by Python's profiler, which makes calls of Python
dearer than they are: shares say more than times. Built-in functions are those of Python, NumPy and msgspec,
without the Python that they call.
"""


def main() -> None:
    """Measures and prints: a line each, or with `--json` one object."""
    with tempfile.TemporaryDirectory() as folder:
        _teach(Path(folder))
        os.sched_setaffinity(0, {LOAD_CORE})
        figures = [_compared(Path(folder))]
        profiles = {kind: _profiled(Path(folder), kind) for kind in BODIES}
    gave = {"figures": [asdict(one) for one in figures], "tables": [_table(profiles)]}
    if "--json" in sys.argv[1:]:
        print(json.dumps(gave, ensure_ascii=False))
        return
    for one in figures:
        print(f"{one.name}: {short(one.value)} {one.unit}, against {one.against}")
    for row in (gave["tables"][0]["head"], *gave["tables"][0]["rows"]):
        print("  ".join(row))


def _teach(folder: Path) -> None:
    """Lets a server and a trainer make both bandits, and learn."""
    reward = {"settle": "0s", "events": {"click": 1}}
    settings = Settings(data=f"{folder}/data", port=0)
    with (
        (folder / "roles.log").open("wb") as out,
        supervisor(settings, output=out.fileno()) as (watch, url),
        Client(url, timeout=60.0) as client,
    ):
        watch.start()
        client.create({"name": "plain", "arms": ARMS, "seed": 7, "reward": reward})
        policy = {"belief": "linear", "explorer": {"kind": "randomized_ucb"}}
        told = {"name": "told", "arms": ARMS, "seed": 7, "context": CONTEXT, "policy": policy}
        client.create({**told, "reward": reward})
        for kind, bodies in BODIES.items():
            for number, body in enumerate(islice(bodies(), LEARNT)):
                made = client.decide(kind, **json.loads(body))
                if number % 3 == 0:
                    client.track(made, "click")
        client.flush()
        for kind in BODIES:
            _wait_until(lambda kind=kind: client.report(kind)["observations"] >= LEARNT)


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until:
            raise SystemExit("the trainer learnt too little")
        time.sleep(0.2)


def _compared(folder: Path) -> Figure:
    spent: dict[str, list[float]] = {kind: [] for kind in BODIES}
    with running(folder) as (port, pid):
        for turn in range(TURNS + 1):
            for kind in BODIES:
                before = ticks_of(pid)
                answered = _asked(port, kind)
                if turn:  # the first warms up
                    spent[kind].append(1e6 * (ticks_of(pid) - before) / TICKS / answered)
                    print(f"{kind}: {spent[kind][-1]:.1f} us", file=sys.stderr)
    return figure(
        "processor time of a decision over HTTP in a context of 14 columns, a linear belief, 34 arms",
        value=statistics.median(spent["told"]),
        unit="µs",
        beside=("without contexts", statistics.median(spent["plain"])),
    )


def _asked(port: int, kind: str) -> int:
    """How many decisions were answered."""
    load = saturate(port, ring(f"/v1/bandits/{kind}/decisions", BODIES[kind]()), SECONDS)
    assert not load.refused, "every decision must be made"
    return load.answered


def _profiled(folder: Path, kind: str) -> dict[str, float]:
    """Microseconds of a decision by room."""
    profile = folder / f"{kind}.profile"
    with running(folder, profile) as (port, _):
        answered = _asked(port, kind)
    spent: dict[str, float] = defaultdict(float)
    stats: Any = pstats.Stats(str(profile))
    for (path, _, name), (_, _, own, _, _) in stats.stats.items():
        spent[_room(path, name)] += own
    return {room: 1e6 * own / answered for room, own in spent.items()}


def _room(path: str, name: str) -> str:
    """Whose time it is, of a function `name` in the file at `path`."""
    if path == "~":
        return "loop" if "run" in name and "uvloop" in name else "built-in functions"
    _, ours, within = path.partition("/tamesu/")
    if ours:
        return next(
            (room for room, start in ROOMS.items() if within.startswith(start)), "others of ours"
        )
    for library in ("numpy", "scipy", "starlette", "uvicorn"):
        if f"/{library}/" in path:
            return library
    return "others"


def _table(profiles: dict[str, dict[str, float]]) -> dict[str, Any]:
    rooms = sorted({room for spent in profiles.values() for room in spent})
    rows = [[room, *(profiles[kind].get(room, 0.0) for kind in BODIES)] for room in rooms]
    rows.sort(key=lambda row: row[1] - row[2])
    total = ["in all", *(sum(row[place] for row in rows) for place in (1, 2))]
    return {
        "title": "Where the time of a decision over HTTP goes",
        "notes": NOTES.splitlines(),
        "head": ["", "without contexts", "in contexts", "more"],
        "rows": [
            [name, short(plain), short(told), short(told - plain)]
            for name, plain, told in [*rows, total]
        ],
    }


if __name__ == "__main__":
    main()
