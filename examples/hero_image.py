"""A hero image that fits who looks at it, and a new image that nobody has seen yet.

Images tell what they show; visitors tell what they travel for. One belief over both: what is learnt of one
image with a beach helps every other one. After a while a new image comes. A bandit that shares what it
learns knows at once whom to show it to; one that learns each image by itself has to find out. Run it:

    python examples/hero_image.py
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np

from tamesu import Bandit

IMAGES = {
    f"{place}-{people}": {"place": place, "people": people}
    for place in ("beach", "city", "mountain")
    for people in ("nobody", "couple", "family")
    if (place, people) != ("mountain", "family")
}
NEW = {"id": "mountain-family", "features": {"place": "mountain", "people": "family"}}
WANTS = ("beach", "city", "mountain")
PARTIES = ("couple", "family")

VISITS, BEFORE, AT_ONCE = 4_500, 4_000, 50
"""How many there are in all, before the new image comes, and between two lessons."""


def clicks(image: dict[str, str], visitor: dict[str, str]) -> float:
    """How often a visitor clicks on an image; the bandit does not know it."""
    liking = -3.0 + 1.5 * (image["place"] == visitor["wants"])
    liking += 1.0 * (image["people"] == visitor["party"])
    return 1.0 / (1.0 + math.exp(-liking))


def bandit_of(sharing: str) -> Bandit:
    """A bandit over what visitors and images tell; only `shared` uses what images tell."""
    fields: dict[str, Any] = {
        "context": {
            "wants": {"type": "categorical", "values": WANTS},
            "party": {"type": "categorical", "values": PARTIES},
        },
        "arm_features": {
            "place": {"type": "categorical", "values": WANTS},
            "people": {"type": "categorical", "values": ("nobody", *PARTIES)},
        },
        "interactions": [["wants", "place"], ["party", "people"]],
    }
    arms = [{"id": name, "features": told} for name, told in IMAGES.items()]
    belief = {"kind": "linear", "sharing": sharing}
    return Bandit(arms=arms, belief=belief, explorer="randomized_ucb", seed=3, **fields)


def late_regret(sharing: str) -> float:
    """Clicks lost to the best choice, per 1,000 visits after the new image came."""
    luck = random.Random(3)
    bandit = bandit_of(sharing)
    images = dict(IMAGES)
    lost = 0.0
    for number in range(0, VISITS, AT_ONCE):
        if number == BEFORE:
            bandit.add_arm(NEW["id"], features=NEW["features"])
            images[NEW["id"]] = NEW["features"]
        visitors = [
            {"wants": luck.choice(WANTS), "party": luck.choice(PARTIES)} for _ in range(AT_ONCE)
        ]
        decisions = bandit.decide_many(visitors)
        chosen = [
            clicks(images[image], visitor)
            for image, visitor in zip(decisions.arms.tolist(), visitors, strict=True)
        ]
        bandit.learn_many(decisions, np.array([float(luck.random() < rate) for rate in chosen]))
        if number >= BEFORE:
            best = [max(clicks(one, visitor) for one in images.values()) for visitor in visitors]
            lost += sum(best) - sum(chosen)
    return lost / (VISITS - BEFORE) * 1_000


def main() -> dict[str, float]:
    """Clicks lost per 1,000 visits after the new image came, by what is shared."""
    return {sharing: late_regret(sharing) for sharing in ("shared", "per_arm")}


if __name__ == "__main__":
    for sharing, lost in main().items():
        print(f"{sharing:8} loses {lost:.0f} clicks of 1,000 visits, just after the new image came")
