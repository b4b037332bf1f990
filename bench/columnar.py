"""Polars beside DuckDB on what Tamesu asks of a columnar engine: `docs/adr/0001`.

Needs `pip install duckdb`, which Tamesu itself does not. Each pair takes turns in one run; a figure
is the median. `--threads` (1 or 2) holds for both; `--rows` is the number of decisions.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--turns", type=int, default=5)
options = parser.parse_args()
os.environ["POLARS_MAX_THREADS"] = str(options.threads)

import duckdb  # noqa: E402 - after the number of threads is said
import numpy as np  # noqa: E402 - the same
import polars as pl  # noqa: E402 - the same

FEW = 500
FILES = 200
TEXTS = ("decision_id", "arm")


def observations(rows: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Observations as the join emits them, the columns that matter."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"men.1.{number:032x}" for number in rng.permutation(rows)], dtype=object)
    return {
        "decision_id": ids,
        "position": np.arange(rows) % 3,
        "arm": np.array([f"item-{arm}" for arm in rng.integers(0, 34, rows)], dtype=object),
        "propensity": rng.random(rows),
        "reward": (rng.random(rows) < 0.005).astype(np.int64) << 20,
        "decided": 1_700_000_000_000_000 + np.arange(rows) * 1_000,
        "snapshot": np.arange(rows) // 500,
    }


def events(decisions: dict[str, np.ndarray], seed: int = 8) -> dict[str, np.ndarray]:
    """1.2 events a decision: an impression for nearly each, clicks, repeats, orphans."""
    rng = np.random.default_rng(seed)
    rows = len(decisions["decision_id"])
    chosen = rng.integers(0, rows, rows * 12 // 10)
    ids = decisions["decision_id"][chosen]
    ids[::100] = np.array([f"men.1.{n:032x}" for n in range(1 << 40, (1 << 40) + len(ids[::100]))])
    return {"decision_id": ids, "value": rng.integers(0, 1 << 20, len(ids))}


def timed(name: str, rows: int, sides: dict[str, Callable[[], object]]) -> None:
    """One line of the table: median milliseconds of each side, taking turns."""
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(options.turns + 1):
        for side, work in sides.items():
            start = time.perf_counter()
            work()
            if turn:  # the first turn warms up
                spent[side].append(time.perf_counter() - start)
    line = [f"{name:<58}"]
    for side, seconds in spent.items():
        middle = statistics.median(seconds)
        line.append(f"{side} {middle * 1e3:9.2f} ms {rows / middle / 1e6:7.2f} M rows/s")
    print(" | ".join(line), flush=True)


def main() -> None:
    """Prints the table."""
    duck = duckdb.connect()
    duck.execute(f"SET threads = {options.threads}")
    folder = Path(tempfile.mkdtemp())
    many = observations(options.rows)
    print(f"polars {pl.__version__}, duckdb {duckdb.__version__}, {options.threads} threads\n")
    files(duck, folder, {name: values[:FEW] for name, values in many.items()})
    files(duck, folder, many)
    frame = pl.DataFrame(many, schema_overrides={"decision_id": pl.String, "arm": pl.String})
    for number in range(FILES):
        frame.slice(number * FEW, FEW).write_parquet(folder / f"small-{number}.parquet")
    scan(duck, "one file", folder / f"polars-{options.rows}.parquet", options.rows)
    scan(duck, f"{FILES} files of {FEW} rows", folder / "small-*.parquet", FILES * FEW)
    joins(duck, folder, frame, many)
    print()
    for module in ("polars", "duckdb"):
        footprint(module)


def files(duck: duckdb.DuckDBPyConnection, folder: Path, columns: dict[str, np.ndarray]) -> None:
    """One Parquet file written from NumPy columns, and read back into them."""
    size = len(columns["arm"])
    ours, theirs = (folder / f"{name}-{size}.parquet" for name in ("polars", "duckdb"))

    def write() -> None:
        texts = {name: pl.Series(columns[name].tolist(), dtype=pl.String) for name in TEXTS}
        pl.DataFrame({**columns, **texts}).write_parquet(ours)

    def read() -> list[np.ndarray]:
        frame = pl.read_parquet(ours)
        return [frame[name].to_numpy() for name in columns]

    copy = f"COPY (FROM columns) TO '{theirs}' (FORMAT parquet, COMPRESSION zstd)"
    timed(
        f"write Parquet, {size:,} rows, from NumPy",
        size,
        {"polars": write, "duckdb": lambda: (columns, duck.execute(copy))},
    )
    timed(
        f"read Parquet, {size:,} rows, to NumPy",
        size,
        {"polars": read, "duckdb": lambda: duck.execute(f"FROM '{theirs}'").fetchnumpy()},
    )


def scan(duck: duckdb.DuckDBPyConnection, label: str, source: Path, size: int) -> None:
    """Count and sum by arm, straight from Parquet."""
    query = f"SELECT arm, count(*), sum(reward) FROM '{source}' GROUP BY arm"  # noqa: S608 - ours
    sums = (pl.len(), pl.col("reward").sum())
    timed(
        f"scan and group by arm, {label}",
        size,
        {
            "polars": lambda: pl.scan_parquet(source).group_by("arm").agg(*sums).collect(),
            "duckdb": lambda: duck.execute(query).fetchnumpy(),
        },
    )


def joins(
    duck: duckdb.DuckDBPyConnection, folder: Path, frame: pl.DataFrame, many: dict[str, np.ndarray]
) -> None:
    """Decisions with their events, summed by decision: from files, and from memory."""
    told = events(many)
    right = pl.DataFrame(told, schema_overrides={"decision_id": pl.String})
    left = frame.select("decision_id", "arm")
    left.write_parquet(folder / "decisions.parquet")
    right.write_parquet(folder / "events.parquet")
    rows = left.height + right.height

    def polars_join(decisions: pl.LazyFrame, facts: pl.LazyFrame) -> pl.DataFrame:
        sums = facts.group_by("decision_id").agg(pl.col("value").sum())
        return decisions.join(sums, on="decision_id", how="left").collect()

    query = (
        "SELECT decision_id, any_value(arm) AS arm, sum(value) AS value FROM {} LEFT JOIN {} "
        "USING (decision_id) GROUP BY decision_id"
    )
    files = [f"'{folder / name}.parquet'" for name in ("decisions", "events")]
    duck.execute(f"CREATE TABLE decisions AS FROM {files[0]}")
    duck.execute(f"CREATE TABLE events AS FROM {files[1]}")
    ours = polars_join(left.lazy(), right.lazy())
    theirs = duck.execute(query.format("decisions", "events")).fetchnumpy()
    assert ours.height == len(theirs["value"])
    assert ours["value"].sum() == int(theirs["value"].sum())
    sides: dict[str, Callable[[], object]] = {
        "polars": lambda: polars_join(left.lazy(), right.lazy()),
        "duckdb": lambda: duck.execute(
            "CREATE OR REPLACE TABLE out AS " + query.format("decisions", "events")
        ),
    }
    timed("join and sum by decision, own memory to own memory", rows, sides)
    sides = {
        "polars": lambda: [
            column.to_numpy()
            for column in polars_join(
                pl.scan_parquet(folder / "decisions.parquet"),
                pl.scan_parquet(folder / "events.parquet"),
            )
        ],
        "duckdb": lambda: duck.execute(query.format(*files)).fetchnumpy(),
    }
    timed("join and sum by decision, Parquet to NumPy", rows, sides)


def footprint(module: str) -> None:
    """What a module costs to have: seconds to import, megabytes resident."""
    code = (
        "import time, numpy; size = lambda: int(open('/proc/self/statm').read().split()[1]) // 256; "
        f"m = size(); s = time.perf_counter(); import {module}; t = time.perf_counter() - s; "
        "print(f'{t * 1e3:.0f} ms to import, {size() - m} MB resident')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(f"{module}: {done.stdout.strip()}")


if __name__ == "__main__":
    main()
