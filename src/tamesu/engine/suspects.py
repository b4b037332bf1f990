"""`suspects_of`: decisions of which an event may have come too late, by their ids alone.

Refuses to read a record: what is no suspect costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

from tamesu.base import Anchor, InvalidInput, Reward, Time, parse_decision_id

KEYS = 50_000
"""Decisions looked at at once."""


def suspects_of(
    heard: Mapping[str, Time],
    bandits: Collection[str],
    reward: Callable[[str, int], Reward | None],
) -> Iterator[dict[str, Time]]:
    """The suspects among `heard` and the times of their decisions, piece by piece; one may be empty.

    Args:
        heard: by key the newest moment at which an event was received.
        bandits: only theirs.
        reward: the clauses of a declaration, none for one that is not known.
    """
    rest = iter(heard.items())
    while some := list(islice(rest, KEYS)):
        found: dict[str, Time] = {}
        for key, received in some:
            try:
                said = parse_decision_id(key)
            except InvalidInput:
                continue
            if said.bandit in bandits:
                clauses = reward(said.bandit, said.declaration)
                if clauses is not None and received - said.decided >= _soonest(clauses):
                    found[key] = said.decided
        yield found


def _soonest(reward: Reward) -> int:
    """How long after its decision an event may come too late at the soonest."""
    places = [int(term.within or reward.gap or reward.window) for term in reward.events.values()]
    if reward.anchor is Anchor.IMPRESSION:
        places.append(reward.within_us)
    return min(places) + reward.lateness
