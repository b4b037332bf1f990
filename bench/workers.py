"""Decisions over HTTP with one worker and with two, and how evenly workers share connections.

Two installations stand side by side and are asked in turns, so that the one without work costs the
other a tick a second. Nothing is pinned: the load generator, the workers and the trainer share the
machine as they would, so on two cores the second worker has what the others leave.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from figures import Figure, figure, show
from installation import NAME, Installation, installation
from load import CONNECTIONS, pace, ring, saturate
from over_http import checked, fresh, plain_bodies, safe_bodies
from tamesu.watch import read_standing

TURNS = 5
SECONDS = 2.0
RATE = 1_000.0
READY_S = 60.0
PATH = f"/v1/bandits/{NAME}/decisions"
ONE, TWO = 1, 2


def measure() -> Iterator[Figure]:
    """Throughput and latency of one worker and two, then shares of two and four."""
    with contextlib.ExitStack() as stack:
        here = {number: stack.enter_context(installation(number)) for number in (ONE, TWO)}
        for installed, workers in ((here[ONE], ONE), (here[TWO], TWO)):
            until_ready(installed, workers)
        yield from _throughput(here)
        yield _latency(here)
    for workers in (2, 4):
        with installation(workers) as installed:
            until_ready(installed, workers)
            yield _share(installed, workers)


def _throughput(here: dict[int, Installation]) -> Iterator[Figure]:
    plain = ring(PATH, plain_bodies())
    kinds: dict[str, Callable[[], Iterator[bytes]]] = {
        "without": lambda: plain,
        "with": lambda: fresh(PATH, safe_bodies()),
    }
    for what, requests in kinds.items():
        rates: dict[int, list[float]] = {ONE: [], TWO: []}
        for _ in range(TURNS):
            for workers, taken in rates.items():
                load = saturate(here[workers].port, requests(), SECONDS)
                checked(load)
                taken.append(load.per_second)
                print(f"{workers}, {what}: {load.per_second:,.0f}/s", file=sys.stderr)
        yield figure(
            f"decisions over HTTP into the log, two workers, {what} request ids",
            value=statistics.median(rates[TWO]),
            unit="per s",
            beside=("one worker", statistics.median(rates[ONE])),
        )


def _latency(here: dict[int, Installation]) -> Figure:
    p99: dict[int, list[float]] = {ONE: [], TWO: []}
    for _ in range(TURNS):
        for workers, taken in p99.items():
            load = pace(here[workers].port, fresh(PATH, safe_bodies()), SECONDS, RATE)
            checked(load)
            taken.append(load.quantile_ms(0.99))
            print(f"{workers}: p99 {taken[-1]:.2f} ms", file=sys.stderr)
    return figure(
        f"p99 of a decision over HTTP at {RATE:,.0f}/s, two workers",
        value=statistics.median(p99[TWO]),
        unit="ms",
        beside=("one worker", statistics.median(p99[ONE])),
    )


def _share(here: Installation, workers: int) -> Figure:
    """Of connections that come at once and stay, the least that one worker holds."""
    least = []
    for _ in range(TURNS):
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS):
                address = ("127.0.0.1", here.port)
                stack.enter_context(socket.create_connection(address))
            least.append(min(until_held(here, CONNECTIONS)))
        until_held(here, 0)
        print(f"{workers} workers: at least {least[-1]}", file=sys.stderr)
    return figure(
        f"fewest connections that one of {workers} workers holds, of {CONNECTIONS}",
        value=min(least),
        unit="",
        beside=("an even share", CONNECTIONS / workers),
        reach="≥ 0.8",
    )


def until_held(here: Installation, connections: int) -> list[int]:
    """How many connections each worker holds, once they hold so many together."""
    end = time.monotonic() + READY_S
    while True:
        standing = read_standing(here.data)
        assert standing is not None
        held = [role.connections for role in standing.roles if role.connections is not None]
        if sum(held) == connections:
            return held
        if time.monotonic() > end:
            raise SystemExit(
                f"{connections} connections were not held within {READY_S:g} s: {held}"
            )
        time.sleep(0.05)


def until_ready(here: Installation, workers: int) -> None:
    """Waits until every worker takes requests."""
    end = time.monotonic() + READY_S
    while True:
        standing = read_standing(here.data)
        roles = [] if standing is None else standing.roles
        if sum(bool(role.ready) for role in roles) == workers:
            return
        if time.monotonic() > end:
            raise SystemExit(f"{workers} workers were not ready within {READY_S:g} s")
        time.sleep(0.05)


if __name__ == "__main__":
    show(measure)
