"""An index of neighbours beside one that looks at every item: what it finds, how long it takes, how much it holds.

    python bench/index.py [--items 1000000] [--dim 64] [--threads 2] [--embeddings tower|even]

`tower`: embeddings as an item tower makes them of features; `even`: normal numbers without any structure, the hardest
there is. Queries are made in the same way. Both indexes are asked the same ones in turns, one thread each.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time

import numpy as np

from tamesu.adapters.index.exact import ExactIndex
from tamesu.adapters.index.usearch import SEEKING, UsearchIndex
from tamesu.ports.index import Index, Singles

FEATURES = 32
HIDDEN = 128


def points(
    n: int, dim: int, kind: str, rng: np.random.Generator, layers: tuple[Singles, Singles]
) -> Singles:
    """(n, dim) in single precision."""
    if kind == "even":
        return rng.standard_normal((n, dim), dtype=np.float32)
    made = np.empty((n, dim), dtype=np.float32)
    for first in range(0, n, 100_000):
        some = slice(first, min(n, first + 100_000))
        columns = rng.standard_normal((some.stop - first, FEATURES), dtype=np.float32)
        made[some] = np.maximum(columns @ layers[0], 0.0) @ layers[1]
    return made


def towers(dim: int, rng: np.random.Generator) -> tuple[Singles, Singles]:
    """Weights of a tower of one hidden layer."""
    first = rng.standard_normal((FEATURES, HIDDEN), dtype=np.float32) / FEATURES**0.5
    return first, rng.standard_normal((HIDDEN, dim), dtype=np.float32) / HIDDEN**0.5


def held() -> float:
    """Most memory that the process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Builds both, asks both, prints one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeking", type=int, nargs="*", default=[])
    parser.add_argument("--embeddings", choices=["tower", "even"], default="tower")
    given = parser.parse_args()
    rng = np.random.default_rng(7)
    layers = towers(given.dim, rng)
    items = points(given.items, given.dim, given.embeddings, rng, layers)
    asked = points(given.queries, given.dim, given.embeddings, rng, towers(given.dim, rng))
    before = held()
    started, used = time.perf_counter(), time.process_time()

    def progress(done: int, whole: int) -> None:
        if done % 100_000 == 0:
            print(f"{done:,} of {whole:,} in {time.perf_counter() - started:.0f} s", flush=True)

    near = UsearchIndex(items, threads=given.threads, progress=progress)
    built = time.perf_counter() - started
    busy = time.process_time() - used
    grown = held() - before
    told = {
        **vars(given),
        "build_s": round(built, 1),
        "build_cpu_s": round(busy, 1),
        "index_mib": round(grown),
        "embeddings_mib": round(items.nbytes / 2**20),
    }
    exact = ExactIndex(items)
    for seeking in sorted({SEEKING, *given.seeking}):
        near._index.expansion_search = seeking  # noqa: SLF001 - served with the adapter's own; here beside others
        print(
            json.dumps({**told, "seeking": seeking, **asked_both(exact, near, asked, given.most)})
        )


def asked_both(exact: Index, near: Index, asked: Singles, most: int) -> dict[str, float]:
    """What of the highest is found, and how long both take; in turns."""
    found: list[float] = []
    took: dict[str, list[float]] = {"exact": [], "usearch": []}
    for query in asked:
        ways = {}
        for name, index in (("exact", exact), ("usearch", near)):
            begun = time.perf_counter()
            ways[name] = index.nearest(query, most)
            took[name].append(time.perf_counter() - begun)
        found.append(len(np.intersect1d(ways["exact"], ways["usearch"])) / most)
    return {
        "recall": round(statistics.fmean(found), 4),
        "recall_least": min(found),
        **{f"{name}_ms": round(1e3 * statistics.median(all_), 2) for name, all_ in took.items()},
    }


if __name__ == "__main__":
    main()
