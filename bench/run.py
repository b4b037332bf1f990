"""Runs the parts of the benchmark and writes `docs/benchmarks.md` with its pictures.

What a part gave is kept in `measured/`, and the page is made of all that is kept there: parts that
do not run keep their section.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from figures import Figure
from page import cells, fresh, keep, write

HERE = Path(__file__).resolve().parent
PARTS = (
    "decide",
    "learn",
    "contextual",
    "combination",
    "join",
    "rebuild",
    "evaluate",
    "over_http",
    "freshness",
    "workers",
    "gate",
    "keys",
    "contexts_over_http",
    "towers_over_http",
    "steady",
    "many",
    "speed",
    "regret",
    "agreement",
    "exchange",
)
GROUPS = {
    "contexts": ("contextual", "combination", "contexts_over_http", "speed"),
    "peers": ("speed", "regret"),
}
"""Names for several parts at once."""


def main() -> int:
    """Runs what was asked for; 1 where a part failed or a reach is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", help=f"parts, with commas between; {', '.join(GROUPS)}: several of them"
    )
    parser.add_argument("--dry-run", action="store_true", help="print, and keep nothing")
    parser.add_argument("--page", action="store_true", help="run nothing, write the page anew")
    parser.add_argument(
        "--check",
        action="store_true",
        help="run nothing; 1 where the page is not what was measured",
    )
    asked = parser.parse_args()
    if asked.check:
        return 0 if fresh(PARTS) else 1
    if asked.page:
        write(PARTS)
        return 0
    wanted = named(asked.only.split(",")) if asked.only else PARTS
    gave: dict[str, dict[str, Any] | None] = {name: run(name) for name in wanted}
    if not asked.dry_run:
        for name, part in gave.items():
            if part is not None:
                keep(name, part)
        write(PARTS)
    figures = [Figure(**line) for part in gave.values() for line in (part or {}).get("figures", ())]
    missed = [line.name for line in figures if not line.held]
    failed = [name for name, part in gave.items() if part is None]
    for name in failed:
        print(f"part {name} gave no figures")
    for name in missed:
        print(f"reach not held: {name}")
    return 1 if failed or missed else 0


def named(words: list[str]) -> list[str]:
    """The parts that these words name, each once."""
    every = [part for word in words if word for part in GROUPS.get(word, (word,))]
    unknown = [part for part in every if part not in PARTS]
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)} (known: {', '.join((*PARTS, *GROUPS))})")
    return list(dict.fromkeys(every))


def run(part: str) -> dict[str, Any] | None:
    """What one part gave, or none where it failed."""
    print(f"== {part}", flush=True)
    done = subprocess.run(
        [sys.executable, str(HERE / f"{part}.py"), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        return None
    gave: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for line in gave.get("figures", ()):
        print("  " + " | ".join(cells(Figure(**line))))
    return gave


if __name__ == "__main__":
    sys.exit(main())
