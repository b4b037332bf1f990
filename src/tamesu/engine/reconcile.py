"""`reconcile`: what a replay came to, held against what the store says.

Whole numbers bit for bit, states that add up in floats to 1e-9. A replay cuts the log into other batches; where
a belief depends on those, means must lie within each other's intervals. Refuses to mend what differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tamesu.base import Corrupt, Roster, Snapshot, Time
from tamesu.engine.replay import Replay
from tamesu.engine.state import read_state
from tamesu.engine.view import View
from tamesu.policy import ArmSummary, State, alike, apart
from tamesu.ports import Store
from tamesu.train import Standing

MOST_NAMED = 10
"""Arms, and counts, that are named where very many differ."""


@dataclass(frozen=True)
class Difference:
    """One thing that was not rebuilt as it is.

    Attributes:
        bandit: whose it is; empty for records of which no bandit can be named.
        what: which thing, in words.
        served: what the store says.
        rebuilt: what the log and the deeds come to.
    """

    bandit: str
    what: str
    served: object
    rebuilt: object


def reconcile(replay: Replay, then: View, store: Store) -> list[Difference]:
    """Everything in which `replay` differs from `then`, which it has run to the end of.

    What a state has in whole numbers must be the same; what it has in floats, to 1e-9: see
    `tamesu.policy.apart`.

    Args:
        replay: run to `then.read`.
        then: what the store says.
        store: for rosters.
    """
    found = [Difference("", "a command", "applied", text) for text in replay.differing]
    for bandit, snapshot in sorted(then.newest.items()):
        standing = replay.meant(snapshot)
        if standing is None:
            found.append(Difference(bandit, "all of it", f"snapshot {snapshot.version}", "nothing"))
        else:
            found += _compared(standing, snapshot, then, store)
    found += _counted(then.counts, replay.counts)
    return found


def _compared(
    standing: Standing, snapshot: Snapshot, then: View, store: Store
) -> Iterator[Difference]:
    bandit, mine = snapshot.bandit, standing.learnt.snapshot
    for what in ("declaration", "status", "learns_from", "roster", "observations"):
        served, rebuilt = getattr(snapshot, what), getattr(mine, what)
        if served != rebuilt:
            yield Difference(bandit, what.replace("_", " "), served, rebuilt)
    roster = store.roster(bandit, snapshot.roster) if snapshot.roster else standing.roster
    if roster is None or roster.ids != standing.roster.ids:
        yield Difference(bandit, "active arms", _ids(roster), _ids(standing.roster))
    policy = standing.policy
    rebuilt_state = standing.learnt.state
    if policy.encode(rebuilt_state) != snapshot.state:
        yield from _states(standing, snapshot, None, rebuilt_state)
    deferred, aside = then.deferred.get(bandit), standing.deferred
    if deferred is None or aside is None:
        if deferred is not None or aside is not None:
            there = "some" if deferred is not None else "nothing"
            rebuilt = "some" if aside is not None else "nothing"
            yield Difference(bandit, "learnt aside", there, rebuilt)
        return
    if deferred.observations != aside.observations:
        yield Difference(
            bandit, "observations learnt aside", deferred.observations, aside.observations
        )
    if policy.encode(aside.state) != deferred.state:
        yield from _states(standing, snapshot, deferred.state, aside.state)


def _states(
    standing: Standing, snapshot: Snapshot, body: bytes | None, rebuilt: State
) -> Iterator[Difference]:
    """Where the state that is served, or learnt aside in `body`, is not `rebuilt`.

    By arm if it shows there, else as a whole.
    """
    bandit, policy, arms = snapshot.bandit, standing.policy, standing.told
    names = list(arms)
    aside = "" if body is None else " learnt aside"
    try:
        served = read_state(policy, snapshot, body)
    except Corrupt as error:
        yield Difference(bandit, f"state{aside}", error.message, "one that can be read")
        return
    if alike(served, rebuilt):
        return
    unasked = np.zeros(len(names))
    rows = zip(
        policy.summary(served, names, Time(0), features=arms, shares=unasked),
        policy.summary(rebuilt, names, Time(0), features=arms, shares=unasked),
        strict=True,
    )
    named = 0
    for there, here in rows:
        if _said(there) != _said(here) and (policy.exact or not _near(there, here)):
            named += 1
            if named <= MOST_NAMED:
                yield Difference(
                    bandit, f"{_where(there)}{aside}", _evidence(there), _evidence(here)
                )
    if not named and (policy.exact or apart(served, rebuilt) == math.inf):
        yield Difference(bandit, f"state{aside}", "other bytes", "other bytes")
    elif named > MOST_NAMED:
        yield Difference(bandit, f"arms{aside}", "others too", f"{named - MOST_NAMED:,} more")


def _counted(
    served: Mapping[str, Mapping[str, int]], rebuilt: Mapping[str, Mapping[str, int]]
) -> Iterator[Difference]:
    for bandit in sorted(served.keys() | rebuilt.keys()):
        there, here = served.get(bandit, {}), rebuilt.get(bandit, {})
        for name in sorted(there.keys() | here.keys()):
            if there.get(name, 0) != here.get(name, 0):
                words = name.replace("_", " ")
                yield Difference(bandit, words, there.get(name, 0), here.get(name, 0))


def _where(row: ArmSummary) -> str:
    return f"arm {row.arm}" + ("" if row.position is None else f" at position {row.position}")


def _said(row: ArmSummary) -> tuple[int, float]:
    return row.observations, row.mean


def _near(there: ArmSummary, here: ArmSummary) -> bool:
    """Whether as many taught it, and the mean of each lies within the interval of the other."""
    if there.observations != here.observations:
        return False
    return there.low <= here.mean <= there.high and here.low <= there.mean <= here.high


def _evidence(row: ArmSummary) -> str:
    return f"{row.observations:,} observations, mean {row.mean:.9f}"


def _ids(roster: Roster | None) -> str:
    if roster is None:
        return "a roster that is not there"
    more = "" if len(roster.ids) <= MOST_NAMED else f", and {len(roster.ids) - MOST_NAMED:,} more"
    return ", ".join(roster.ids[:MOST_NAMED]) + more
