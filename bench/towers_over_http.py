"""What a two-tower policy costs a decision over HTTP, beside a linear bandit, on one server alone on its core.

Both are told the same contexts of 14 columns. The linear bandit has 34 arms of its own coefficients; the two-tower
ones have 1,000 and 10,000 arms of 64 dimensions, retrieve 100 and spread a hundredth over all. Taken in turns: latency
at a steady rate, then as much as 64 connections can ask.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from figures import Figure, figure, show
from load import pace, ring, saturate
from over_http import ARMS, CONTEXT, LOAD_CORE, checked, running, told_bodies
from tamesu.base.feature import read_schema
from tamesu.policy.towers import Singles, Tower, TwoTower
from tamesu.wiring import write_learnt

TURNS = 5
SECONDS = 2.0
RATE = 100.0
COLUMNS, HIDDEN, DIM = 14, 64, 64
SIZES = (1_000, 10_000)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as (port, _):
        os.sched_setaffinity(0, {LOAD_CORE})
        declare(port, {"name": "linear", "arms": ARMS, "seed": 7, "context": CONTEXT})
        for size in SIZES:
            declare(port, towers(size, Path(name) / str(size)))
        sides = ["linear", *(f"towers-{size}" for size in SIZES)]
        requests = {side: ring(f"/v1/bandits/{side}/decisions", told_bodies()) for side in sides}
        latency: dict[str, list[float]] = defaultdict(list)
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(TURNS):
            for side in sides:
                load = pace(port, requests[side], SECONDS, RATE)
                checked(load)
                latency[side].append(load.quantile_ms(0.5))
                load = saturate(port, requests[side], SECONDS)
                checked(load)
                rates[side].append(load.per_second)
                print(
                    f"{side}: {latency[side][-1]:.2f} ms, {rates[side][-1]:,.0f}/s", file=sys.stderr
                )
        for size in SIZES:
            side = f"towers-{size}"
            yield figure(
                f"median of a decision over HTTP at {RATE:g}/s, two towers, {size:,} arms",
                value=statistics.median(latency[side]),
                unit="ms",
                beside=("a linear belief, 34 arms", statistics.median(latency["linear"])),
            )
            yield figure(
                f"decisions over HTTP, two towers, {size:,} arms, 64 connections",
                value=statistics.median(rates[side]),
                unit="per s",
                beside=("a linear belief, 34 arms", statistics.median(rates["linear"])),
            )


def towers(size: int, folder: Path) -> dict[str, object]:
    """A declaration that serves towers nobody has taught."""
    rng = np.random.default_rng(size)

    def numbers(*shape: int) -> Singles:
        made: Singles = (rng.standard_normal(shape) / shape[0] ** 0.5).astype(np.float32)
        return made

    made = TwoTower(
        context=read_schema(CONTEXT, "context"),
        arm_features={},
        query=Tower(
            (numbers(COLUMNS, HIDDEN), numbers(HIDDEN, DIM)), (numbers(HIDDEN), numbers(DIM))
        ),
        item=None,
        arms=tuple(f"arm-{number:05d}" for number in range(size)),
        embeddings=rng.standard_normal((size, DIM)).astype(np.float32),
        temperature=1.0,
        learnt={},
    )
    digest = write_learnt(folder, made)
    return {
        "name": f"towers-{size}",
        "arms": list(made.arms),
        "context": CONTEXT,
        "policy": {"belief": {"kind": "two_tower", "folder": str(folder), "digest": digest}},
        "seed": 7,
    }


def declare(port: int, declaration: dict[str, object]) -> None:
    """Makes a bandit."""
    call = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/bandits",
        json.dumps(declaration).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(call, timeout=30):  # noqa: S310 - our own server
        pass


if __name__ == "__main__":
    show(measure)
