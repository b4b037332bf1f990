"""A hundred pages for each of a thousand segments, and eight visits of each: who lends whom what was learnt?

A page has a title, an image and a button; a segment is a country, a source, a device and a time of day. A list of
segments would be a thousand problems of a hundred pages, and eight visits teach none of them. So a segment is told by
what it is made of, and each part of it is crossed with each part of the page: what is learnt of phones in one country
serves phones in all others, and segments that nobody has seen yet. Run it:

    python examples/thousand_segments.py
"""

from __future__ import annotations

import itertools

import numpy as np

from tamesu import Bandit

PAGE = {"title": 5, "image": 5, "button": 4}
SEGMENT = {"country": 10, "source": 5, "device": 4, "daypart": 5}
"""Of what each is made, and how many there are of that: 100 pages, 1,000 segments."""

VISITS, AT_ONCE = 8_000, 500
"""How many there are, and between two lessons."""
LATE = 0.1
"""Of all segments, so many come in the last fifth of the visits only."""


class Visitors:
    """How often people of each segment click on each page; the bandit does not know it.

    In log-odds, a page is worth its options and their pairs, a segment changes what each option is worth by each of
    its parts, and every segment has a taste of its own besides, which nothing tells of.
    """

    def __init__(self, seed: int) -> None:
        luck = np.random.default_rng(seed)
        self.pages = np.array(list(itertools.product(*map(range, PAGE.values()))))
        self.segments = np.array(list(itertools.product(*map(range, SEGMENT.values()))))
        liking = luck.normal(-3.5, 0.2, (len(self.segments), len(self.pages)))
        for slot, options in zip(self.pages.T, PAGE.values(), strict=True):
            liking += luck.normal(0.0, 0.5, options)[slot]
            for part, values in zip(self.segments.T, SEGMENT.values(), strict=True):
                liking += luck.normal(0.0, 0.4, (values, options))[part[:, None], slot]
        for one, other in itertools.combinations(range(len(PAGE)), 2):
            pairs = luck.normal(0.0, 0.25, (5, 5))
            liking += pairs[self.pages[:, one], self.pages[:, other]]
        self.rates = 1.0 / (1.0 + np.exp(-liking))

    def context(self, segment: int) -> dict[str, str]:
        """What is known of a visitor of `segment`."""
        return {
            part: f"{part} {value}"
            for part, value in zip(SEGMENT, self.segments[segment], strict=True)
        }


def bandit_of(*, segments: bool) -> Bandit:
    """One that crosses segments with pages, or one that knows segments and can make no use of them."""
    return Bandit(
        slots={slot: [str(i) for i in range(count)] for slot, count in PAGE.items()},
        pairwise=True,
        context={
            part: {"type": "categorical", "values": [f"{part} {i}" for i in range(count)]}
            for part, count in SEGMENT.items()
        },
        interactions=list(itertools.product(SEGMENT, PAGE)) if segments else [],
        explorer={"kind": "thompson", "draws": 16},
        seed=1,
    )


def clicks_of(bandit: Bandit, visitors: Visitors) -> dict[str, float]:
    """Clicks to be expected per visit in the last fifth: of segments that came before, and of others."""
    luck = np.random.default_rng(1)
    count = len(visitors.segments)
    late = luck.random(count) < LATE
    early = np.flatnonzero(~late)
    found: dict[str, list[float]] = {"known": [], "new": []}
    for first in range(0, VISITS, AT_ONCE):
        over = first >= VISITS * 4 // 5
        segments = luck.integers(0, count, AT_ONCE) if over else luck.choice(early, AT_ONCE)
        decisions = bandit.decide_many([visitors.context(segment) for segment in segments])
        rates = visitors.rates[segments, [_page(str(arm)) for arm in decisions.arms]]
        bandit.learn_many(decisions, (luck.random(AT_ONCE) < rates).astype(float))
        if over:
            found["known"] += rates[~late[segments]].tolist()
            found["new"] += rates[late[segments]].tolist()
    return {which: float(np.mean(clicks)) for which, clicks in found.items()}


def _page(combination: str) -> int:
    """Its number, out of what it is called: `title=1,image=0,button=3` is 23."""
    options = [int(part.partition("=")[2]) for part in combination.split(",")]
    return int(np.ravel_multi_index(options, tuple(PAGE.values())))


def main() -> dict[str, float]:
    """Clicks per visit at the end, by what the bandit looks at; by chance, and at best."""
    visitors = Visitors(seed=1)
    alike = clicks_of(bandit_of(segments=False), visitors)
    suited = clicks_of(bandit_of(segments=True), visitors)
    return {
        "a page by chance": float(visitors.rates.mean()),
        "one page for all, learnt": alike["known"],
        "one page for all, at best": float(visitors.rates.mean(axis=0).max()),
        "by segment, learnt": suited["known"],
        "by segment, of one that is new": suited["new"],
        "by segment, at best": float(visitors.rates.max(axis=1).mean()),
    }


if __name__ == "__main__":
    for what, clicks in main().items():
        print(f"{what:31}{clicks:.3f} clicks a visit")
