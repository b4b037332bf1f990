"""The page of the benchmark: what was measured last of each part, as tables and pictures.

`docs/benchmarks.md` is a function of `measured/*.json`: running one part leaves what stands there of
the others, each with its own date. Refuses to measure.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from figures import Figure, short
from plot import curves, ratios

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
MEASURED = HERE / "measured"
PAGE = DOCS / "benchmarks.md"


def keep(part: str, gave: dict[str, Any]) -> None:
    """Keeps what `part` gave, with the day and the machine."""
    kept = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), **gave}
    MEASURED.mkdir(exist_ok=True)
    path = MEASURED / f"{part}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write(parts: Sequence[str]) -> None:
    """Writes the page and its pictures from all that is kept of `parts`, in their order."""
    kept = every(parts)
    PAGE.write_text(page(kept), encoding="utf-8")
    figures = [Figure(**line) for part in kept.values() for line in part.get("figures", ())]
    ratios(figures, DOCS / "benchmarks.svg")
    for part in kept.values():
        for drawing in part.get("curves", ()):
            curves(drawing, DOCS / drawing["file"])
    print("wrote docs/benchmarks.md and its pictures")


def fresh(parts: Sequence[str]) -> bool:
    """Whether the page is what `write` would write; says so where it is not."""
    same = PAGE.read_text(encoding="utf-8") == page(every(parts))
    if not same:
        print("docs/benchmarks.md is not what was measured\nhint: make bench ARGS=--page")
    return same


def every(parts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is kept of the parts that were measured, in their order."""
    return {name: read(name) for name in parts if (MEASURED / f"{name}.json").exists()}


def read(part: str) -> dict[str, Any]:
    """What is kept of a part."""
    kept: dict[str, Any] = json.loads((MEASURED / f"{part}.json").read_text(encoding="utf-8"))
    return kept


def page(kept: dict[str, dict[str, Any]]) -> str:
    """The page, as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- written by `make bench`; edit bench/ instead -->",
        "",
        "Ratios of things measured side by side, in turns, in one run: an absolute time means little",
        "on a shared machine. What each part does: `bench/README.md`. A part that",
        "is run again replaces its own section.",
        "",
        "![Ratios and their reaches](benchmarks.svg)",
    ]
    for name, part in kept.items():
        lines += ["", f"## {name}", "", f"Measured {part['measured']} with {part['machine']}."]
        lines += ["", *part["notes"]] if part.get("notes") else []
        if part.get("figures"):
            head = ("figure", "median", "measured beside", "ratio", "reach", "")
            lines += ["", *grid(head, [cells(Figure(**line)) for line in part["figures"]])]
        for drawing in part.get("curves", ()):
            lines += ["", f"![{drawing['title']}]({drawing['file']})"]
        for table in part.get("tables", ()):
            lines += ["", f"### {table['title']}", "", *table.get("notes", ())]
            lines += ["", *grid(table["head"], table["rows"])]
    return "\n".join(lines) + "\n"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(row).rstrip() + " |" for row in lines]


def cells(line: Figure) -> tuple[str, ...]:
    """One row of the table of figures."""
    return (
        line.name,
        f"{short(line.value)} {line.unit}".strip(),
        line.against or "-",
        "-" if line.ratio is None else short(line.ratio),
        line.reach or "-",
        "-" if not line.reach else "held" if line.held else "**not held**",
    )


def machine() -> str:
    """What it ran on, in words that name nobody."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"Python {platform.python_version()} on {cores} cores ({platform.machine()})"
