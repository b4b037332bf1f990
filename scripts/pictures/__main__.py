"""Draws the pictures of `docs/explanation`, and prints the figures that its pages quote: `make pictures`.

Every run is seeded: the same versions give the same files. Without names it draws all of them; `--png`
also writes what one can look at without a browser.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import convergence
import corrections
import delay
import look
import looks
import newcomers
import positions
import propensities
import settling
import structlog

DRAWN = {
    module.__name__: module.draw
    for module in (
        delay,
        settling,
        corrections,
        newcomers,
        propensities,
        convergence,
        positions,
        looks,
    )
}


def main() -> None:
    """Draws what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help=f"which of {', '.join(DRAWN)}; all without names")
    asked.add_argument("--png", type=Path, help="a folder for copies as PNG")
    given = asked.parse_args()
    if unknown := set(given.names) - DRAWN.keys():
        asked.error(f"no such picture: {', '.join(sorted(unknown))} (known: {', '.join(DRAWN)})")
    # Commands applied are no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for name in given.names or DRAWN:
        look.write(DRAWN[name](), name, given.png)


if __name__ == "__main__":
    main()
