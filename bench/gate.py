"""Appends of several processes: through the gate, against SQLite's own busy handler.

Each process is a server's writer thread: records come at a steady rate, and whatever waits is
appended as one. Latency is a record's, from when it came until it is durable, so that a writer that
gets no turn for a second makes a thousand records wait, and not one. Throughput is of writers that
always have something to write.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Figure, figure, show

PROCESSES = (2, 4)
TURNS = 5
SECONDS = 1.5
RATE = 1_000.0
MOST = 2_000
DRAFT = ("key", "event", b"x" * 450)
SIDES = ("gate", "busy")
PATIENCE_S = 60.0


def main() -> None:
    """Prints the figures, or is one of the processes."""
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
    else:
        show(measure)


def measure() -> Iterator[Figure]:
    """Latency and throughput, for each number of processes."""
    for processes in PROCESSES:
        beside = "SQLite's busy handler"
        paced = taken(processes, RATE)
        yield figure(
            f"p99 of a record's append, {processes} processes with {RATE:,.0f} records/s each",
            value=statistics.median(_p99(turn) for turn in paced["gate"]),
            unit="ms",
            beside=(beside, statistics.median(_p99(turn) for turn in paced["busy"])),
            reach="≤ 0.5",
        )
        yield figure(
            f"the longest append of those, {processes} processes",
            value=max(_most(turn) for turn in paced["gate"]),
            unit="ms",
            beside=(beside, max(_most(turn) for turn in paced["busy"])),
            reach="≤ 1",
        )
        busy = taken(processes, 0)
        yield figure(
            f"appends of 8 records without a rest, {processes} processes in all",
            value=statistics.median(_total(turn) for turn in busy["gate"]),
            unit="per s",
            beside=(beside, statistics.median(_total(turn) for turn in busy["busy"])),
        )
        yield figure(
            f"appends of the process that got fewest of those, {processes} processes",
            value=statistics.median(_least(turn) for turn in busy["gate"]),
            unit="per s",
            beside=(beside, statistics.median(_least(turn) for turn in busy["busy"])),
            reach="≥ 1",
        )


Turn = list[list[float]]
"""For each process the latencies of its records, or of its appends, in seconds."""


def taken(processes: int, rate: float) -> dict[str, list[Turn]]:
    """What the processes of each side took, turn by turn, the sides one after the other."""
    found: dict[str, list[Turn]] = {side: [] for side in SIDES}
    for _ in range(TURNS):
        for side, turns in found.items():
            with tempfile.TemporaryDirectory() as folder:
                turns.append(together(side, Path(folder), processes, rate))
            turn = turns[-1]
            print(
                f"{processes} × {side}: {_total(turn):,.0f}/s, fewest {_least(turn):,.0f}/s, "
                f"p99 {_p99(turn):.2f} ms, longest {_most(turn):.1f} ms",
                file=sys.stderr,
            )
    return found


def together(side: str, folder: Path, processes: int, rate: float) -> Turn:
    """One turn: processes of one side that start at once on one log."""
    from tamesu.adapters.eventlog import segments

    (folder / "log").mkdir()
    segments.make(folder / "log", 0)
    command = [sys.executable, __file__, "--write", side, str(folder / "log"), str(rate)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = [subprocess.Popen(command, text=True, **pipes) for _ in range(processes)]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in running]


def write(side: str, folder: Path, rate: float) -> None:
    """One process: appends for a while, prints what each took."""
    append = APPENDS[side](folder)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(paced(append, rate) if rate else without_rest(append)))


def paced(append: Callable[[int], None], rate: float) -> list[float]:
    """Appends whatever has come since the last append; the wait of each record."""
    waits: list[float] = []
    began = time.perf_counter()
    total = int(SECONDS * rate)
    while len(waits) < total:
        due = began + len(waits) / rate
        time.sleep(max(due - time.perf_counter(), 0))
        come = min(int((time.perf_counter() - began) * rate) + 1, total, len(waits) + MOST)
        append(come - len(waits))
        done = time.perf_counter()
        waits += [done - (began + number / rate) for number in range(len(waits), come)]
    return waits


def without_rest(append: Callable[[int], None]) -> list[float]:
    """Appends eight records at a time; what each append took."""
    times: list[float] = []
    now = began = time.perf_counter()
    while now - began < SECONDS:
        append(8)
        times.append(time.perf_counter() - now)
        now += times[-1]
    return times


def gated(folder: Path) -> Callable[[int], None]:
    """The log as it is."""
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.adapters.eventlog.sqlite import SqliteEventLog
    from tamesu.base import Draft

    log = SqliteEventLog(folder, SystemClock(), patience_s=PATIENCE_S)
    return lambda records: log.append([Draft(*DRAFT)] * records) and None


def ungated(folder: Path) -> Callable[[int], None]:
    """The same table and the same steps, with nothing but SQLite between the processes."""
    from tamesu.adapters import sqlite
    from tamesu.adapters.eventlog import segments

    sqlite.BUSY_TIMEOUT_MS = int(PATIENCE_S * 1_000)
    connection = sqlite.connect(segments.path_of(folder, 0))
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    newest = "SELECT offset, received FROM entries ORDER BY offset DESC LIMIT 1"

    def append(records: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        offset, received = connection.execute(newest).fetchone() or (-1, 0)
        received = max(received, time.time_ns() // 1_000_000)
        rows = [(offset + 1 + number, received, *DRAFT) for number in range(records)]
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")

    return append


APPENDS = {"gate": gated, "busy": ungated}


def _p99(turn: Turn) -> float:
    waits = sorted(wait for process in turn for wait in process)
    return 1_000 * waits[int(0.99 * len(waits))]


def _most(turn: Turn) -> float:
    return 1_000 * max(map(max, turn))


def _total(turn: Turn) -> float:
    return sum(map(len, turn)) / SECONDS


def _least(turn: Turn) -> float:
    return min(map(len, turn)) / SECONDS


if __name__ == "__main__":
    main()
