"""Decisions over HTTP with the durable log, against an endpoint that does nothing.

The server is the one that `tamesu run server` runs, alone on one core; the load generator has the
other. Latency is held against the disk: one bare append and fdatasync at a time, at the same rate.
"""

from __future__ import annotations

import contextlib
import cProfile
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from figures import Figure, figure, show
from load import Load, pace, request, ring, saturate

ARMS = [f"arm-{number:02d}" for number in range(34)]
CONTEXT = {
    "device": {"type": "categorical", "values": ["ios", "android", "web"]},
    "hour": {"type": "cyclic", "period": 24},
    "member": "boolean",
    "taste": {"type": "vector", "size": 8},
}
TURNS = 5
SECONDS = 2.0
RATE = 1_000.0
SERVER_CORE, LOAD_CORE = 0, 1

_numbers = count()


def main() -> None:
    """Prints the figures, or runs the server that they are of."""
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
    else:
        show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (port, _):
        os.sched_setaffinity(0, {LOAD_CORE})
        create(port)
        yield from _throughput(port)
        yield _latency(port, Path(folder))


def _throughput(port: int) -> Iterator[Figure]:
    path = "/v1/bandits/bench/decisions"
    plain = ring("/bench/nothing", plain_bodies())
    told = "/v1/bandits/told/decisions"
    sides = {
        "nothing": lambda: plain,
        "plain": lambda: ring(path, plain_bodies()),
        "safe": lambda: fresh(path, safe_bodies()),
        "told": lambda: ring(told, told_bodies()),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(TURNS):
        for name, requests in sides.items():
            load = saturate(port, requests(), SECONDS)
            checked(load)
            rates[name].append(load.per_second)
            print(f"{name}: {load.per_second:,.0f}/s", file=sys.stderr)
    medians = {name: statistics.median(taken) for name, taken in rates.items()}
    nothing = ("the endpoint that does nothing", medians["nothing"])
    for name, what in (("plain", "without"), ("safe", "with")):
        yield figure(
            f"decisions over HTTP into the log, 34 arms, 64 connections, {what} request ids",
            value=medians[name],
            unit="per s",
            beside=nothing,
            reach="≥ 0.4",
        )
    yield figure(
        "decisions over HTTP in contexts of 14 columns, a linear belief, 34 arms, 64 connections",
        value=medians["told"],
        unit="per s",
        beside=("the same without contexts", medians["plain"]),
    )


def _latency(port: int, folder: Path) -> Figure:
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(TURNS):
        load = pace(port, fresh("/v1/bandits/bench/decisions", safe_bodies()), SECONDS, RATE)
        checked(load)
        ours.append(load.quantile_ms(0.99))
        os.sched_setaffinity(0, {SERVER_CORE})
        bare.append(bare_appends(folder / "bare", SECONDS, RATE).quantile_ms(0.99))
        os.sched_setaffinity(0, {LOAD_CORE})
        print(f"p99 {ours[-1]:.2f} ms, bare {bare[-1]:.2f} ms", file=sys.stderr)
    return figure(
        f"p99 of a decision over HTTP at {RATE:,.0f}/s",
        value=statistics.median(ours),
        unit="ms",
        beside=("p99 of a bare append and fdatasync at that rate", statistics.median(bare)),
        reach="≤ 3",
    )


def plain_bodies() -> Iterator[bytes]:
    """Requests that name a unit and nothing else."""
    return (b'{"unit":"user-%06d"}' % number for number in count())


def told_bodies() -> Iterator[bytes]:
    """Requests that tell of a context."""
    for number in count():
        taste = ",".join(f"{(number * 37 + place * 11) % 100 / 50 - 1:.2f}" for place in range(8))
        yield (
            b'{"unit":"user-%06d","context":{"device":"ios","hour":%d,"member":true,"taste":[%s]}}'
            % (number, number % 24, taste.encode())
        )


def safe_bodies() -> Iterator[bytes]:
    """Requests as the client sends them: with an id of their own."""
    return (b'{"unit":"user-%06d","request_id":"%032x"}' % (n, n) for n in _numbers)


def fresh(path: str, bodies: Iterator[bytes]) -> Iterator[bytes]:
    """Requests of which none comes twice."""
    return (request(path, body) for body in bodies)


def bare_appends(path: Path, seconds: float, per_second: float) -> Load:
    """Appends a record's bytes to a file and syncs it, one at a time, at a steady rate.

    Where the disk cannot keep up with the rate, waiting for one's turn is not counted: the disk itself
    is what a decision is held against.
    """
    load = Load()
    record = b"x" * 450
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = time.perf_counter()
    for number in range(int(seconds * per_second)):
        moment = began + number / per_second
        wait = moment - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        asked = time.perf_counter()
        os.write(handle, record)
        os.fdatasync(handle)
        load.latencies_s.append(time.perf_counter() - asked)
    os.close(handle)
    return load


def checked(load: Load) -> None:
    """Stops the benchmark where requests were refused."""
    if load.refused or not load.answered:
        raise SystemExit(f"{load.refused} requests refused, {load.answered} answered")


def create(port: int) -> None:
    """Declares the bandits that are asked: one without contexts, one with them."""
    for declaration in (
        {"name": "bench", "arms": ARMS, "seed": 7},
        {"name": "told", "arms": ARMS, "seed": 7, "context": CONTEXT},
    ):
        call = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/bandits",
            json.dumps(declaration).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=10):  # noqa: S310 - our own server
            pass


@contextlib.contextmanager
def running(folder: Path, profile: Path | None = None) -> Iterator[tuple[int, int]]:
    """A server of its own process on its core; gives the port and the process.

    With `profile` it runs under Python's profiler, and leaves what that found there.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, __file__, "--serve", str(folder / "data"), str(port)]
    command += [] if profile is None else [str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(20)


def serve(data: str, port: int, profile: str = "") -> None:
    """Runs the one server of an installation until it is terminated; its main thread under a profiler, maybe."""
    os.sched_setaffinity(0, {SERVER_CORE})
    os.environ["TAMESU_TEST_NOOP"] = "1"
    from tamesu.wiring import Settings, run_server

    profiler = cProfile.Profile(time.thread_time) if profile else None

    def ready() -> None:
        if profiler is not None:
            profiler.enable()
        print("ready", flush=True)

    run_server(Settings(data=data, port=port, cache="memory"), on_ready=ready)
    if profiler is not None:
        profiler.disable()
        profiler.dump_stats(profile)


if __name__ == "__main__":
    main()
