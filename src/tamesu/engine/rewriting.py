"""Rewriting: a store made anew, with the states that a replay came to.

Everything else is as the old one says it: declarations, commands with their effects, corrections, counts,
progress, the manifest. Of snapshots it has the newest of each bandit alone, under its version. Refuses to
write into a store that holds anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tamesu.base import Command, Conflict, Roster, Snapshot, Time
from tamesu.base.times import MINUTE_US
from tamesu.engine.replay import Replay
from tamesu.engine.view import View
from tamesu.ports import Commit, Deferred, Lease, Store
from tamesu.ports.store import MOST_WAITING


def rewrite(replay: Replay, then: View, store: Store, fresh: Store, now: Time) -> None:
    """Fills `fresh` with what `store` holds, but for states: those are `replay`'s.

    Args:
        replay: of all bandits, run to `then.read`.
        then: what `store` said when the replay began; nothing may have been committed since.
        store: the old one.
        fresh: an empty one.
        now: the time.

    Raises:
        Conflict: `fresh` holds something, or `store` was written meanwhile: stop the trainer before.
    """
    if fresh.declarations():
        raise Conflict(
            "a store to be written anew must be empty, this one has bandits",
            hint="name a folder that is not there yet",
        )
    progress = store.progress()
    if progress.checkpoint != then.checkpoint:
        raise Conflict(
            "the trainer has committed since the replay began",
            hint="stop it first: what it learns now would be missing",
        )
    for bandit, newest in sorted(store.declarations().items()):
        for number in range(1, newest.number + 1):
            declared = store.declared(bandit, number)
            if declared is not None:
                fresh.declare(declared.declaration, declared.created, number)
    lease = fresh.takeover("replay", now, MINUTE_US)
    _command(store, fresh, lease)
    taken = store.corrections(waiting=False)
    fresh.correct(lease, [*taken, *store.corrections(waiting=True)], store.judged())
    fresh.arrange(lease, store.files(), [], store.archived())
    fresh.commit(
        Commit(
            lease=lease,
            checkpoint=progress.checkpoint,
            counts=progress.counts,
            snapshots=list(_snapshots(replay, then)),
            rosters=list(_rosters(store, then)),
            deferred=list(_deferred(replay)),
            corrections=taken,
        )
    )
    fresh.release(lease)


def _command(store: Store, fresh: Store, lease: Lease) -> None:
    """Asks for every command again, so that numbers stay, and says what became of it."""
    every = sorted([*store.commands(), *store.waiting()], key=lambda command: command.number)
    ready: list[Command] = []
    for command in every:
        asked = fresh.ask(command.bandit, command.kind, command.body, command.asked)
        if asked.number != command.number:
            raise Conflict(f"the old store must have all its commands, it lacks {asked.number}")
        if command.effect is not None:
            ready.append(command)
        if len(ready) == MOST_WAITING // 2:
            fresh.commit(Commit(lease=lease, checkpoint=b"", counts={}, commands=ready))
            ready = []
    if ready:
        fresh.commit(Commit(lease=lease, checkpoint=b"", counts={}, commands=ready))


def _snapshots(replay: Replay, then: View) -> Iterator[Snapshot]:
    for snapshot in then.newest.values():
        standing = replay.meant(snapshot)
        if standing is not None:
            yield msgspec.structs.replace(
                snapshot,
                state=standing.policy.encode(standing.learnt.state),
                observations=standing.learnt.snapshot.observations,
            )


def _rosters(store: Store, then: View) -> Iterator[Roster]:
    for bandit, snapshot in then.newest.items():
        for number in range(1, snapshot.roster + 1):
            roster = store.roster(bandit, number)
            if roster is not None:
                yield roster


def _deferred(replay: Replay) -> Iterator[Deferred]:
    for bandit, standing in replay.standings.items():
        if standing.deferred is not None:
            state, observations = standing.deferred
            yield Deferred(
                bandit=bandit, state=standing.policy.encode(state), observations=observations
            )
