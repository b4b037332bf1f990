"""Records learnt again per second from the archive alone, and the memory that it takes.

A log of one bandit, 1,000 decisions a second, each shown and one in ten clicked, most of those after the
delivery had settled, is written straight into archive files; `tamesu replay --from archive` then rebuilds the bandit in a process
of its own, once from a fifth of the files and once from all. Memory must not grow with the log.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, figure, show
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Declaration, Entry, Time, decision_id, uuid7
from tamesu.join import Checkpoint, Mark
from tamesu.ports import Commit

RECORDS = 10_000_000
PIECE = 250_000
START_MS = 1_795_000_000_000
TAMESU = Path(sys.executable).parent / "tamesu"
REACH = "≤ 1.1"
BENCH = Declaration.parse(
    {
        "name": "bench",
        "arms": [f"arm-{number}" for number in range(34)],
        "reward": {
            "anchor": "impression",
            "window": "2m",
            "settle": "20s",
        },
        "seed": 7,
    }
)


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqlStore(folder / "store.sqlite3")
        archive = ParquetArchive(folder / "archive")
        store.declare(BENCH, Time(START_MS * 1000))
        lease = store.takeover("bench", Time(0), 1)
        pieces = a_log()
        entries: list[Entry] = []
        peaks, rates = [], []
        for records in (RECORDS // 5, RECORDS):
            while len(store.archived()) == 0 or store.archived()[0] < records:
                entries = next(pieces)
                file = archive.write_records(f"{entries[0].offset:012d}", entries)
                store.arrange(lease, [file], [], [file.end])
            newest = entries[-1].received
            mark = Mark(low=file.end, read=file.end, newest=newest)
            checkpoint = Checkpoint(marks=(mark,), watermark=newest * 1000).to_bytes()
            store.commit(Commit(lease=lease, checkpoint=checkpoint, counts={}))
            rate, peak = rebuilt(folder)
            rates.append(rate)
            peaks.append(peak)
        store.close()
    yield Figure(
        name=f"{RECORDS:,} records learnt again from the archive",
        value=rates[-1],
        unit="records/s",
    )
    yield figure(
        "memory of that, at its most",
        value=peaks[-1],
        unit="MiB",
        beside=(f"of {RECORDS // 5:,} records", peaks[0]),
        reach=REACH,
    )


def rebuilt(folder: Path) -> tuple[float, float]:
    """Records a second, and MiB resident at most, of one replay in a process of its own."""
    command = [TAMESU, "replay", "--data", folder, "--from", "archive", "--json"]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert ran.stdout is not None
    told = json.loads(ran.stdout.read())
    _, status, used = os.wait4(ran.pid, 0)
    ran.returncode = os.waitstatus_to_exitcode(status)
    if ran.returncode:
        raise SystemExit(f"the replay ended with exit code {ran.returncode}")
    return told["records"] / told["seconds"], used.ru_maxrss / 1024


def a_log() -> Iterator[list[Entry]]:
    """The log without end, in pieces."""
    rng = random.Random(7)
    waiting: list[tuple[int, str, str, bytes]] = []
    offset, at = 0, START_MS
    entries: list[Entry] = []
    while True:
        at += 1
        key = decision_id("bench", 1, uuid7(at, rng.randbytes(10)))
        arm = rng.randrange(34)
        delivery = f'{{"position":0,"arm":"arm-{arm}","propensity":0.25,"score":0.1}}'
        decision = (
            f'{{"decision_id":"{key}","snapshot":3,"deliveries":[{delivery}],"unit":"u","v":1}}'
        )
        heapq.heappush(waiting, (at, key, "decision", decision.encode()))
        shown = at + int(rng.expovariate(1 / 300)) + 1
        heapq.heappush(waiting, _event(rng, key, "impression", shown))
        if rng.random() < 0.1:
            clicked = shown + int(rng.expovariate(1 / 40_000)) + 1
            heapq.heappush(waiting, _event(rng, key, "click", clicked))
        while waiting[0][0] <= at:
            entries.append(Entry(0, offset, *heapq.heappop(waiting)))
            offset += 1
            if len(entries) == PIECE:
                yield entries
                entries = []


def _event(rng: random.Random, key: str, kind: str, at: int) -> tuple[int, str, str, bytes]:
    event = (
        f'{{"event_id":"{rng.getrandbits(64):016x}","delivery_id":"{key}-0","type":"{kind}",'
        f'"time":"{Time(at * 1000).text()}","v":1}}'
    )
    return at + 20, key, "event", event.encode()


if __name__ == "__main__":
    main()
