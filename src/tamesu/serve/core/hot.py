"""`Hot`: everything that a decision needs of one bandit, as one immutable object.

A declaration, its newest snapshot and the prepared distribution belong together; they are made
together, off the event loop, and swapped by reference. So a decision never sees half a state and
nothing is locked. Refuses to know where they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tamesu.base import Bug, Roster, Snapshot, Status, Time
from tamesu.policy import Fallback, Policy, Prepared, compose
from tamesu.ports import Declared
from tamesu.serve.core.trace import trace

WARM = "warm.1.00000000000070008000000000000000"
"""A decision id that no decision has, to make the first distribution with."""

_log = structlog.get_logger("tamesu.serve.hot")


@dataclass(frozen=True, slots=True, eq=False)
class Hot:
    """One bandit as it is served.

    Attributes:
        declared: the declaration, its number and when it was made.
        policy: the declaration's policy.
        snapshot: what it serves; none is snapshot 0, the prior.
        roster: which arms are active.
        state: what the policy has learnt.
        prepared: its distribution over the arms, ready to be chosen from.
        fallback: the declared one, over the active arms, for when `prepared` fails.
        ids: of the active arms, in the order of every vector.
        arms, retired: ids of the active arms, and of those that were.
        features: what each active arm tells of itself; none where the policy does not ask.
        broken: `prepared` is the fallback because the snapshot could not be read.
    """

    declared: Declared
    policy: Policy
    snapshot: Snapshot | None
    roster: Roster
    state: Any
    prepared: Prepared | Fallback
    fallback: Fallback
    ids: tuple[str, ...]
    arms: frozenset[str]
    retired: frozenset[str]
    features: Mapping[str, dict[str, Any]] | None = None
    broken: bool = False

    @property
    def version(self) -> int:
        """Version of the snapshot; 0 is the prior."""
        return 0 if self.snapshot is None else self.snapshot.version

    @property
    def status(self) -> Status:
        """What the bandit does with what it observes."""
        return Status.LEARNING if self.snapshot is None else self.snapshot.status

    @property
    def since(self) -> int:
        """The version of which a command last set the bandit's status; 0 where none did."""
        return 0 if self.snapshot is None else self.snapshot.since

    @property
    def time(self) -> Time:
        """The moment by which it serves: what is forgotten is forgotten as of then."""
        return _moment(self.declared, self.snapshot)

    @property
    def made(self) -> Time:
        """When what it serves was made."""
        return self.declared.created if self.snapshot is None else self.snapshot.created


def heat(
    declared: Declared,
    snapshot: Snapshot | None,
    roster: Roster | None = None,
    held: Hot | None = None,
) -> Hot:
    """The bandit ready to be served, its first distribution computed.

    A snapshot of another declaration is not this one's: the prior serves. One that cannot be read
    gives a bandit that answers with its fallback, marked.

    Args:
        declared: the declaration.
        snapshot: what it has learnt, none for the prior.
        roster: the one that the snapshot names, none for the declaration's.
        held: the bandit as it was served so far; what is still the same is taken from it.
    """
    roster = roster or Roster.of(declared.declaration, declared.created)
    if snapshot is not None and snapshot.roster != roster.number:
        raise Bug(
            f"snapshot {snapshot.version} names roster {snapshot.roster}, not {roster.number}"
        )
    declaration = declared.declaration
    is_same = held is not None and held.declared is declared
    policy = held.policy if held is not None and is_same else compose(declaration)
    if snapshot is not None and snapshot.declaration != declared.number:
        snapshot, roster = None, Roster.of(declaration, declared.created)
    time = _moment(declared, snapshot)
    # The very same objects, so that what follows from them alone is not worked out anew.
    if held is not None and is_same and held.roster is roster:
        ids, arms, retired, features = held.ids, held.arms, held.retired, held.features
        fallback = held.fallback
    else:
        ids, features = roster.ids, features_of(policy, roster)
        arms, retired = frozenset(ids), frozenset(arm.id for arm in roster.retired)
        fallback = policy.fallback(ids)
    broken = False
    try:
        state = policy.init() if snapshot is None else policy.decode(snapshot.state)
        prepared: Prepared | Fallback = policy.prepare(state, ids, time, features)
        prepared.choose(WARM, None)
    except Exception as error:  # noqa: BLE001 - whatever it fails with, the fallback answers
        _log.error("a snapshot cannot be served", bandit=declaration.name, trace=trace(error))
        state, prepared, broken = policy.init(), fallback, True
    return Hot(
        declared,
        policy,
        snapshot,
        roster,
        state,
        prepared,
        fallback,
        ids,
        arms,
        retired,
        features,
        broken,
    )


def _moment(declared: Declared, snapshot: Snapshot | None) -> Time:
    return declared.created if snapshot is None else snapshot.watermark


def features_of(policy: Policy, roster: Roster) -> Mapping[str, dict[str, Any]] | None:
    """What each active arm of `roster` tells of itself; none where `policy` does not ask."""
    return policy.told(roster.features)


def stand_in(declared: Declared) -> Hot:
    """The bandit where nothing of its snapshot or roster can be read: the declared arms, by fallback."""
    policy = compose(declared.declaration)
    roster = Roster.of(declared.declaration, declared.created)
    fallback = policy.fallback(roster.ids)
    return Hot(
        declared,
        policy,
        None,
        roster,
        policy.init(),
        fallback,
        fallback,
        roster.ids,
        frozenset(roster.ids),
        frozenset(),
        features_of(policy, roster),
        broken=True,
    )
