"""What a server does to memory over a million decisions, and a busy trainer to its latency."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from figures import Figure, figure, show
from installation import NAME, Installation, installation, resident_mib
from load import pace, request

EARLY, ALL = 200_000, 1_000_000
BATCH = 1_000
TURNS = 5
SECONDS = 4.0
RATE = 300.0


def main() -> None:
    """Prints the figures, or is the busy trainer."""
    if sys.argv[1:2] == ["--learn"]:
        learn_without_end(Path(sys.argv[2]))
    else:
        show(measure)


def measure() -> Iterator[Figure]:
    """Memory first: the log it fills is what the busy trainer then has to do."""
    with installation(window="1s", lateness="200ms") as here:
        yield _memory(here)
        yield _busy(here)


def _memory(here: Installation) -> Figure:
    pid = here.watch.pid("server-0")
    assert pid is not None
    body = {"requests": [{}] * BATCH}
    early = 0.0
    for number in range(ALL // BATCH):
        here.post(f"/v1/bandits/{NAME}/decisions/batch", body)
        if (number + 1) * BATCH == EARLY:
            early = resident_mib(pid)
            print(f"{early:.0f} MiB after {EARLY:,}", file=sys.stderr)
    return figure(
        f"resident memory of the server after {ALL:,} decisions",
        value=resident_mib(pid),
        unit="MiB",
        beside=(f"after {EARLY:,}", early),
        reach="≤ 1.1",
    )


def _busy(here: Installation) -> Figure:
    idle: list[float] = []
    busy: list[float] = []
    for _ in range(TURNS):
        idle.append(_p99(here))
        with _learning(here.data):
            busy.append(_p99(here))
        print(f"p99 idle {idle[-1]:.2f} ms, busy {busy[-1]:.2f} ms", file=sys.stderr)
    return figure(
        f"p99 of a decision at {RATE:.0f}/s with a trainer at full work",
        value=statistics.median(busy),
        unit="ms",
        beside=("with the trainer idle", statistics.median(idle)),
        reach="≤ 1.5",
    )


def _p99(here: Installation) -> float:
    path = f"/v1/bandits/{NAME}/decisions"
    load = pace(here.port, (request(path, b"{}") for _ in count()), SECONDS, RATE)
    if load.refused:
        raise SystemExit(f"{load.refused} decisions were refused")
    return load.quantile_ms(0.99)


@contextlib.contextmanager
def _learning(data: Path) -> Iterator[None]:
    """A process that joins and learns the whole log, with its own store and archive, again and again."""
    with subprocess.Popen(
        [sys.executable, __file__, "--learn", str(data)], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


def learn_without_end(data: Path) -> None:
    """Reads the log of `data` from its beginning, as a trainer that is far behind does."""
    from tamesu.adapters.archive.parquet import ParquetArchive
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.adapters.eventlog.sqlite import SqliteEventLog
    from tamesu.adapters.store.sql import SqlStore
    from tamesu.engine import InlineEngine
    from tamesu.wiring.roles import give_way

    os.environ["POLARS_MAX_THREADS"] = "1"
    give_way()
    clock = SystemClock()
    log, here = SqliteEventLog(data / "log", clock=clock), SqlStore(data / "store.sqlite3")
    declared = [declared.declaration for declared in here.declarations().values()]
    while True:
        with tempfile.TemporaryDirectory() as folder:
            store = SqlStore(Path(folder) / "store.sqlite3")
            for declaration in declared:
                store.declare(declaration, clock.now())
            engine = InlineEngine(log, store, ParquetArchive(Path(folder) / "archive"), clock)
            print("busy", flush=True)
            engine.catch_up()


if __name__ == "__main__":
    main()
