"""Runs the parts of the benchmark and writes `docs/benchmarks.md` with its plot.

The page is written anew each time, with the parts that ran.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from figures import Figure, short
from plot import draw

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PARTS = (
    "decide",
    "learn",
    "join",
    "rebuild",
    "over_http",
    "freshness",
    "workers",
    "gate",
    "steady",
)


def main() -> int:
    """Runs what was asked for; 1 where a part failed or a reach is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="parts, with commas between", default=",".join(PARTS))
    parser.add_argument("--dry-run", action="store_true", help="print, and write no page")
    asked = parser.parse_args()
    parts: dict[str, list[Figure] | None] = {
        name: run(name) for name in asked.only.split(",") if name
    }
    if not asked.dry_run:
        write(parts)
    missed = [line.name for figures in parts.values() for line in figures or () if not line.held]
    failed = [name for name, figures in parts.items() if figures is None]
    for name in failed:
        print(f"part {name} gave no figures")
    for name in missed:
        print(f"reach not held: {name}")
    return 1 if failed or missed else 0


def run(part: str) -> list[Figure] | None:
    """The figures of one part, or none where it failed."""
    print(f"== {part}", flush=True)
    done = subprocess.run(
        [sys.executable, str(HERE / f"{part}.py"), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        return None
    figures = [Figure(**line) for line in json.loads(done.stdout.splitlines()[-1])["figures"]]
    for line in figures:
        print("  " + " | ".join(cells(line)))
    return figures


def cells(line: Figure) -> tuple[str, ...]:
    """One row of the table."""
    return (
        line.name,
        f"{short(line.value)} {line.unit}".strip(),
        line.against or "-",
        "-" if line.ratio is None else short(line.ratio),
        line.reach or "-",
        "-" if not line.reach else "held" if line.held else "**not held**",
    )


def write(parts: dict[str, list[Figure] | None]) -> None:
    """Writes the page and the plot."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- written by `make bench`; edit bench/ instead -->",
        "",
        "Ratios of things measured side by side, in turns, in one run: an absolute time means little",
        "on a shared machine. What each part does: `bench/README.md`.",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} with {machine()}.",
        "",
        "![Ratios and their reaches](benchmarks.svg)",
    ]
    for name, figures in parts.items():
        lines += ["", f"## {name}", ""]
        if not figures:
            lines.append("Gave no figures in this run.")
            continue
        head = ("figure", "median", "measured beside", "ratio", "reach", "")
        rows = [head, ("---",) * len(head), *map(cells, figures)]
        lines += ["| " + " | ".join(row).rstrip() + " |" for row in rows]
    (DOCS / "benchmarks.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw([line for figures in parts.values() for line in figures or ()], DOCS / "benchmarks.svg")
    print("wrote docs/benchmarks.md, docs/benchmarks.svg")


def machine() -> str:
    """What it ran on, in words that name nobody."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"Python {platform.python_version()} on {cores} cores ({platform.machine()})"


if __name__ == "__main__":
    sys.exit(main())
