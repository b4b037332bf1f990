"""What the parts of the benchmark share: taking turns, and printing figures."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

# One thread of linear algebra, as in servers; before NumPy is imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table; `bench/README.md` says what the fields mean."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    reach: str = ""
    held: bool = True


def held(measured: float, reach: str) -> bool:
    """Whether `measured` keeps to a reach such as `≤ 0.3` or `≥ 500,000`."""
    bound = float(reach[1:].replace(",", "").split()[0])
    return measured <= bound if reach[0] == "≤" else measured >= bound


def figure(
    name: str, *, value: float, unit: str, beside: tuple[str, float], reach: str = ""
) -> Figure:
    """A figure that was measured beside another, given by its name and value in the same unit."""
    against, other = beside
    ratio = value / other
    return Figure(
        name=name,
        value=value,
        unit=unit,
        against=f"{against}: {short(other)} {unit}",
        ratio=ratio,
        reach=reach,
        held=not reach or held(ratio, reach),
    )


def in_turns(
    sides: Mapping[str, Callable[[], object]], *, turns: int = 7, at_least_s: float = 0.1
) -> dict[str, float]:
    """Median seconds per call of each side, measured in interleaved turns.

    Args:
        sides: what to call, by name; each is warmed up once.
        turns: how often each side has its turn.
        at_least_s: how long a turn lasts; the number of calls is set in the warm-up.
    """
    calls = {}
    for name, call in sides.items():
        call()
        start = time.perf_counter()
        call()
        calls[name] = max(1, round(at_least_s / max(time.perf_counter() - start, 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, call in sides.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                call()
            taken[name].append((time.perf_counter() - start) / calls[name])
    return {name: statistics.median(times) for name, times in taken.items()}


def short(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(measure: Callable[[], Iterable[Figure]]) -> None:
    """Measures and prints: a line each, or with `--json` one object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    figures = list(measure())
    if as_json:
        print(json.dumps({"figures": [asdict(line) for line in figures]}, ensure_ascii=False))
        return
    for line in figures:
        ratio = "" if line.ratio is None else f"  ratio {short(line.ratio)}"
        verdict = "held" if line.held else "NOT HELD"
        reach = f"  ({line.reach}: {verdict})" if line.reach else ""
        beside = f"  against {line.against}" if line.against else ""
        print(f"{line.name}: {short(line.value)} {line.unit}{beside}{ratio}{reach}")
