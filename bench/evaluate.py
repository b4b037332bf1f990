"""A million rounds judged: IPS, SNIPS and DR with intervals, beside the reference implementation in its own environment.

Both are given the same arrays: rounds, a target policy's distributions, expected rewards. Ours does all that
`tamesu evaluate` does with them, diagnostics and verdict included. Turns are taken in turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import IO, Any

import numpy as np

from figures import Figure, figure, show

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from environments import python_of, versions

from tamesu.evaluate import Evaluation, Rounds, evaluated

ROUNDS, ARMS, TURNS = 1_000_000, 10, 5
ESTIMATORS = ("ips", "snips", "dr")
REACH = "≥ 5"


def made(seed: int = 1) -> dict[str, Any]:
    """Logged rounds of ten arms, a target policy and what a model expects, as arrays."""
    rng = np.random.default_rng(seed)
    shares, target = (rng.dirichlet(np.ones(ARMS), ROUNDS) * 0.9 + 0.1 / ARMS for _ in range(2))
    action = (shares.cumsum(axis=1) < rng.random((ROUNDS, 1))).sum(axis=1).clip(max=ARMS - 1)
    truth = rng.random(ARMS) * 0.2
    return {
        "reward": (rng.random(ROUNDS) < truth[action]).astype(float),
        "action": action,
        "pscore": shares[np.arange(ROUNDS), action],
        "target": target,
        "predicted": np.tile(truth, (ROUNDS, 1)) + rng.normal(0, 0.02, (ROUNDS, ARMS)),
    }


def ours(rounds: Rounds, arrays: dict[str, Any], interval: str) -> Evaluation:
    """All of it."""
    return evaluated(
        rounds,
        arrays["target"],
        estimators=ESTIMATORS,
        predicted=arrays["predicted"],
        interval=interval,
        uniforms=np.random.Generator(np.random.Philox(1)).random,
    )


def measure() -> Iterator[Figure]:
    """Each interval of ours beside theirs."""
    arrays = made()
    rounds = Rounds.of(arrays["action"], arrays["reward"], arrays["pscore"], among=range(ARMS))
    taken: dict[str, list[float]] = {name: [] for name in ("normal", "bootstrap", "reference")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, **arrays)
        script = Path(__file__).parent / "peers" / "judge.py"
        with subprocess.Popen(
            [str(python_of("obp")), str(script), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as peer:
            for turn in range(TURNS + 1):
                theirs = _asked(peer.stdin, peer.stdout)
                taken["reference"].append(theirs["seconds"])
                for interval in ("normal", "bootstrap"):
                    start = time.perf_counter()
                    found = ours(rounds, arrays, interval)
                    taken[interval].append(time.perf_counter() - start)
                if not turn:
                    for one in found.estimates:
                        assert abs(one.value - theirs["values"][one.estimator]) < 1e-9
            assert peer.stdin is not None
            peer.stdin.close()
    # The first turn warms up.
    reference = 1e3 * median(taken["reference"][1:])
    for interval, told in (
        ("normal", "normal intervals"),
        ("bootstrap", "bootstrapped intervals, 1,000 resamples"),
    ):
        mine = 1e3 * median(taken[interval][1:])
        line = figure(
            f"a million rounds of ten arms judged: IPS, SNIPS, DR, {told}, diagnostics",
            value=mine,
            unit="ms",
            beside=(f"{versions('obp')}, intervals of 100 resamples, no diagnostics", reference),
        )
        times = reference / mine
        yield Figure(**{**line.__dict__, "ratio": times, "reach": REACH, "held": times >= 5.0})


def _asked(into: IO[str] | None, out: IO[str] | None) -> dict[str, Any]:
    assert into is not None
    assert out is not None
    into.write("\n")
    into.flush()
    answer: dict[str, Any] = json.loads(out.readline())
    return answer


if __name__ == "__main__":
    show(measure)
