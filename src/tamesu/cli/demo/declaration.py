"""The bandit of the demo: which three of 34 fashion items to show, for the campaign `men`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NAME = "men"
CAMPAIGN = "men"
SIZE = 3

# Clicks come about once in 200 showings. A prior that knows as much, as if each item had been shown
# 400 times, keeps the first lucky clicks from looking like a trend; the uniform share keeps an item
# from being lost for having stood in a bad position when it was new. Both are measured: of thirty
# runs of 60,000 decisions the worst tenth then ends above twice the logged click rate.
PRIOR = (2, 400)
EXPLORE = 0.05


def declaration(arms: Sequence[str]) -> dict[str, Any]:
    """The declaration as it is sent, with `arms` to choose among."""
    return {
        "name": NAME,
        "description": "Three items of the campaign 'men' on a fashion shop's page",
        "arms": list(arms),
        "layout": {"kind": "slate", "size": SIZE},
        "policy": {
            "belief": {"kind": "beta", "prior": list(PRIOR)},
            "explorer": {"kind": "thompson", "explore": EXPLORE},
        },
        "reward": {"events": {"click": 1}, "window": "3s", "lateness": "1s"},
    }
