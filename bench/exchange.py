"""Part: logs that go to other packages and come from them, each read by its own reader in its own environment.

The reference implementation's dictionaries are judged by us, our files by it; Vowpal Wabbit learns from our lines. Refuses
to measure time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from figures import Figure, held, show

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from environments import python_of, versions

from tamesu.cli.exchange.reading import read_file
from tamesu.cli.exchange.writing import Telling, write_file
from tamesu.evaluate import Rounds, contrast_of, estimator_of, value

PEERS = Path(__file__).resolve().parent / "peers"
REACH = "≤ 0.000000001"
UNSEEN, LINES = 100, 10_000


def asked(peer: str, script: str, *words: object) -> Any:
    """What a peer's interpreter says."""
    command = [str(python_of(peer)), "-W", "ignore", str(PEERS / script), *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{peer} failed: {(done.stderr.strip().splitlines() or ['silently'])[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def judged(path: Path) -> dict[str, float]:
    """What uniform choice would have earned, by us."""
    rounds = read_file(path).rounds
    assert isinstance(rounds, Rounds)
    k = len(rounds.arms)
    contrast = contrast_of(rounds, lambda some: np.full((len(some), k), 1 / k))
    return {one: value(estimator_of(one).contributions(contrast)) for one in ("ips", "snips")}


def apart(name: str, ours: dict[str, float], theirs: dict[str, float]) -> Figure:
    """The larger relative difference of both estimates."""
    off = max(abs(ours[one] - theirs[one]) / abs(theirs[one]) for one in ours)
    against = f"{versions('obp')}: {theirs['ips']:.6g}"
    return Figure(
        name=name, value=off, unit="", against=against, reach=REACH, held=held(off, REACH)
    )


def lines() -> Rounds:
    """Decisions of a policy with eligible sets and features; some that nobody saw."""
    rng = np.random.default_rng(1)
    eligible = rng.random((LINES, 5)) < 0.7
    chosen = rng.integers(0, 5, LINES)
    eligible[np.arange(LINES), chosen] = True
    return Rounds.of(
        chosen,
        rng.random(LINES),
        1.0 / eligible.sum(axis=1),
        among=range(5),
        contexts=rng.normal(size=(LINES, 3)),
        features=rng.normal(size=(5, 2)),
        eligible=eligible,
        shown=np.arange(LINES) >= UNSEEN,
    )


def exchanged() -> list[Figure]:
    """A figure for each log and each way."""
    figures = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        theirs = asked("obp", "feedback.py", "write", folder)
        ways = {}
        for name, told in theirs.items():
            figures.append(
                apart(f"{name}: their file, judged by us", judged(folder / f"{name}.npz"), told)
            )
            for ending in ("npz", "csv", "parquet", "dsjson.gz"):
                # There and back: what we wrote, written as arrays once more.
                way = folder / f"{name}-{ending.partition('.')[0]}.{ending}"
                write_file(
                    way, Telling(rounds=read_file(folder / f"{name}.npz").rounds), print_nothing
                )
                back = folder / f"{name} by {ending.replace('.', '-')}.npz"
                write_file(back, Telling(rounds=read_file(way).rounds), print_nothing)
                ways[back.stem] = name
        again = asked("obp", "feedback.py", "read", *(folder / f"{one}.npz" for one in ways))
        figures += [
            apart(f"{one}: our file, judged by them", theirs[name], again[one])
            for one, name in ways.items()
        ]
        write_file(folder / "log.dsjson", Telling(rounds=lines()), print_nothing)
        learnt = asked("vowpal_wabbit", "decision_lines.py", folder / "log.dsjson")["decisions"]
        reach = f"≥ {LINES - UNSEEN:,}"
        figures.append(
            Figure(
                name=f"{LINES:,} lines, {UNSEEN} of them seen by nobody: learnt from",
                value=learnt,
                unit="decisions",
                against=versions("vowpal_wabbit"),
                reach=reach,
                held=held(learnt, reach) and learnt <= LINES - UNSEEN,
            )
        )
    return figures


def print_nothing(done: int) -> None:
    """Nobody waits."""
    del done


if __name__ == "__main__":
    show(exchanged)
