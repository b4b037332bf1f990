"""`View`: what a store says of its bandits, as of one commit.

A trainer may commit while it is read; then it is read again. Refuses to mix two commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tamesu.base import Command, Correction, NotFound, Snapshot, Unavailable
from tamesu.join import Checkpoint
from tamesu.ports import Deferred, Store

MOST_TRIES = 100
"""A look takes a small part of the time between two commits."""


@dataclass(frozen=True)
class View:
    """A store at one commit.

    Attributes:
        read: per partition the offset up to which the log was learnt from; empty before the first
            commit.
        checkpoint: bytes of the join's checkpoint.
        counts: per bandit how many records ended as what.
        newest: the newest snapshot of every bandit that has one.
        deferred: what those have learnt aside that do not learn.
        commands: those applied, by number.
        corrections: those taken, in the order in which they were kept.
    """

    read: tuple[int, ...]
    checkpoint: bytes
    counts: Mapping[str, Mapping[str, int]]
    newest: Mapping[str, Snapshot]
    deferred: Mapping[str, Deferred]
    commands: tuple[Command, ...]
    corrections: tuple[Correction, ...]

    @property
    def bandits(self) -> Collection[str]:
        """Those that have learnt anything, by name."""
        return sorted(self.newest)


def view(store: Store, bandit: str | None = None) -> View:
    """What `store` says of `bandit`, or of all.

    Raises:
        NotFound: there is no such bandit.
        Unavailable: the store is down, or commits faster than it can be read.
    """
    known = store.declarations()
    if bandit is not None and bandit not in known:
        raise NotFound.bandit(bandit, known)
    for _ in range(MOST_TRIES):
        progress = store.progress()
        found = _look(store, bandit)
        if store.progress() == progress:
            marks = Checkpoint.from_bytes(progress.checkpoint).marks
            counts = {
                name: mine for name, mine in progress.counts.items() if bandit in (None, name)
            }
            read = tuple(mark.read for mark in marks)
            return View(read, progress.checkpoint, counts, *found)
    raise Unavailable("the store could not be read between two of its commits", hint="try again")


def _look(
    store: Store, bandit: str | None
) -> tuple[dict[str, Snapshot], dict[str, Deferred], tuple[Command, ...], tuple[Correction, ...]]:
    names = [name for name in store.versions() if bandit in (None, name)]
    snapshots = {name: store.snapshot(name) for name in names}
    deferred = {name: store.deferred(name) for name in names}
    commands = [
        command
        for command in store.commands(bandit)
        if command.effect is not None and command.effect.refusal is None
    ]
    corrections = [one for one in store.corrections(waiting=False) if bandit in (None, one.bandit)]
    return (
        {name: found for name, found in snapshots.items() if found is not None},
        {name: found for name, found in deferred.items() if found is not None},
        tuple(commands),
        tuple(corrections),
    )
