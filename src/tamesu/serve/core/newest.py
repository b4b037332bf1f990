"""`newest`: what a store says is to be served of one bandit, as of now.

A declaration is served only with a snapshot of its number, or as the prior where it is the bandit's
first. A bandit that was deleted and made again is its new declaration's prior. Refuses to prepare
anything, and to hold anything.
"""

from __future__ import annotations

from typing import NamedTuple

from tamesu.base import Conflict, Corrupt, Snapshot, Status, Time
from tamesu.ports import Declared, Store


class Newest(NamedTuple):
    """What is to be served.

    Attributes:
        declared: the declaration, its number and when it was made.
        snapshot: of that declaration; none for the prior.
        version: of the newest snapshot in the store, whosever it is; 0 before the first.
    """

    declared: Declared
    snapshot: Snapshot | None
    version: int


class Deleted(NamedTuple):
    """A bandit that is no more.

    Attributes:
        number: of its last declaration.
        version: of the snapshot that says so.
        at: when.
    """

    number: int
    version: int
    at: Time


def newest(store: Store, name: str, held: Declared | None = None) -> Newest | Deleted | None:
    """What is to be served under `name`; none where there never was such a bandit.

    Args:
        store: to read.
        name: of the bandit.
        held: a declaration of it that is held already: where it is still the one, it is not read anew.

    Raises:
        Corrupt: the store cannot read what it holds.
        Unavailable: it is down.
    """
    snapshot = store.snapshot(name)
    if snapshot is not None and snapshot.status is not Status.DELETED:
        declared = _declared(store, snapshot, held)
        return Newest(declared, snapshot, snapshot.version)
    declared_last = store.declarations().get(name)
    if declared_last is None:
        return None
    if snapshot is None:
        return Newest(declared_last, None, 0)
    if declared_last.number > snapshot.declaration:
        return Newest(declared_last, None, snapshot.version)
    return Deleted(snapshot.declaration, snapshot.version, snapshot.created)


def next_number(store: Store, name: str) -> int:
    """The number of a declaration that makes a bandit called `name`: 1, or the one after a deleted one's.

    Raises:
        Conflict: there is a bandit of that name.
        Unavailable: the store is down.
    """
    if store.declared(name, 1) is None:
        return 1
    found = newest(store, name)
    if isinstance(found, Deleted):
        return found.number + 1
    raise Conflict.exists(name)


def _declared(store: Store, snapshot: Snapshot, held: Declared | None) -> Declared:
    """The declaration that `snapshot` is of."""
    number = snapshot.declaration
    if held is not None and held.number == number:
        return held
    last = store.declarations().get(snapshot.bandit)
    if last is not None and last.number == number:
        return last
    # Another one came between the two readings: its snapshot is there now, and the next look finds it.
    declared = store.declared(snapshot.bandit, number)
    if declared is None:
        raise Corrupt(
            f"the store must hold declaration {number} of {snapshot.bandit!r}, which its snapshot "
            f"{snapshot.version} names; it does not",
            hint="restore the store from a backup",
            bandit=snapshot.bandit,
        )
    return declared
