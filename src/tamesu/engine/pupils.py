"""The bandits as a trainer holds them: declaration, policy, roster, and what they have learnt.

A bandit is read from the store when its first observations or commands come. Refuses to change what it
holds before the store has it: `obey` and `learn` keep what they made apart until `committed` makes it
the present.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec
import structlog

from tamesu.base import (
    Batch,
    Bug,
    Command,
    Corrupt,
    Effect,
    NotFound,
    Observations,
    Refusal,
    Roster,
    Snapshot,
    Status,
    Time,
)
from tamesu.engine.noticed import noticed
from tamesu.engine.past import StoredPast
from tamesu.engine.state import read_state
from tamesu.engine.warming import Warming
from tamesu.join import UNFIT
from tamesu.policy import Policy, compose
from tamesu.ports import Archive, Declared, Deferred, Store, roster_of
from tamesu.train import Deferral, Learnt, Standing, marked, obey, observe

_log = structlog.get_logger("tamesu.engine")


class Pupils:
    """Every bandit that this trainer has met.

    Attributes:
        snapshots, rosters, commands, declarations: what was made since the last commit, in order.
        noticed: by bandit, what of the observations since then the join does not count.
    """

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store = store
        self._warming = Warming(store, archive)
        self._present: dict[str, Standing] = {}
        self._unread: dict[str, Declared] = {}
        self._begin()

    def _begin(self) -> None:
        self._next: dict[str, Standing] = {}
        self.snapshots: list[Snapshot] = []
        self.rosters: list[Roster] = []
        self.commands: list[Command] = []
        self.declarations: list[Declared] = []
        self.noticed: dict[str, dict[str, int]] = {}

    def batch(self, bandit: str) -> Batch:
        """When a micro-batch of `bandit` closes."""
        return self._of(bandit).declaration.batch

    def version(self, bandit: str) -> int:
        """Of the newest snapshot of `bandit`, made for the next commit or before; 0 for none."""
        return self._of(bandit).learnt.snapshot.version

    def ready(self, waiting: Sequence[Command]) -> list[Command]:
        """Those of `waiting` that can be applied now; some work is done for the others."""
        return self._warming.ready(waiting, self._newest)

    def obey(
        self, commands: Sequence[Command], read: tuple[int, ...], now: Time, watermark: Time
    ) -> None:
        """Begins anew what is made for the next commit, and applies `commands` in their order.

        Args:
            commands: those that wait.
            read: offsets of the last commit.
            now: the time.
            watermark: the log's time as of the last commit, 0 before it had any.
        """
        self._begin()
        by_bandit: dict[str, list[Command]] = {}
        for command in commands:
            by_bandit.setdefault(command.bandit, []).append(command)
        for bandit, theirs in by_bandit.items():
            before = self._newest(bandit)
            if before is None:
                self.commands += [_refused(command, read, now) for command in theirs]
                continue
            past = StoredPast(bandit, self._store, self._warming)
            obeyed = obey(theirs, before, read=read, now=now, watermark=watermark, past=past)
            self.commands += obeyed.commands
            self.declarations += [
                Declared(one.number, one.declaration, now) for one in obeyed.declared
            ]
            self._becomes(bandit, before, obeyed.standing)

    def learn(
        self,
        groups: Sequence[Observations],
        late: Sequence[Observations],
        now: Time,
        watermark: Time,
        read: tuple[int, ...],
    ) -> list[Observations]:
        """Makes the next snapshot of every bandit that the observations teach anything.

        Gives all of them as they are to be archived, one batch per bandit and declaration.

        Args:
            groups: what the join gave.
            late: corrections of what came too late for it.
            now: the time.
            watermark: the log's time.
            read: offsets up to which the log was read.
        """
        in_time, too_late = _by_bandit(groups), _by_bandit(late)
        archived: list[Observations] = []
        for bandit in sorted({*in_time, *too_late}):
            before = self._newest(bandit) or self._of(bandit)
            mine = in_time.get(bandit, [])
            theirs = too_late.get(bandit, [])
            after = observe(before, mine, now, watermark, late=theirs, read=read)
            if found := noticed(before, after, [*mine, *theirs]):
                self.noticed[bandit] = found
            if lost := found.get(UNFIT, 0):
                _log.warning("observations do not fit their declaration", bandit=bandit, rows=lost)
            rows = sorted([*mine, *theirs], key=_number_of)
            if after.learnt is not before.learnt:
                rows = [marked(group, after.learnt.snapshot) for group in rows]
            archived += [
                Observations.concatenate(list(parts)) for _, parts in groupby(rows, key=_number_of)
            ]
            self._becomes(bandit, before, after)
        return archived

    @property
    def deferred(self) -> list[Deferred]:
        """What bandits have learnt aside since the last commit, and which do so no more."""
        changed = [
            (bandit, standing)
            for bandit, standing in self._next.items()
            if standing.deferred is not self._present[bandit].deferred
        ]
        return [_written(bandit, standing) for bandit, standing in changed]

    def committed(self) -> None:
        """What was made is in the store."""
        self._present |= self._next
        self._begin()

    def _becomes(self, bandit: str, before: Standing, after: Standing) -> None:
        if after is before:
            return
        self._next[bandit] = after
        if after.learnt is before.learnt:
            return
        self.snapshots.append(after.learnt.snapshot)
        if after.roster is not before.roster or not before.is_kept:
            self.rosters.append(after.roster)

    def _of(self, bandit: str) -> Standing:
        found = self._known(bandit)
        if found is None:
            raise Bug(f"observations of bandit {bandit!r}, which is not in the store")
        return found

    def _newest(self, bandit: str) -> Standing | None:
        """As `_known`; one that was deleted may have been made again meanwhile."""
        found = self._known(bandit)
        if found is None or found.status is not Status.DELETED:
            return found
        declared = self._store.declarations()[bandit]
        if declared.number <= found.number:  # the newer may be one of the next commit
            return found
        self._next.pop(bandit, None)
        self._present[bandit] = self._read(declared)
        return self._present[bandit]

    def _known(self, bandit: str) -> Standing | None:
        found = self._next.get(bandit) or self._present.get(bandit)
        if found is None:
            if bandit not in self._unread:
                # All at once: a trainer that begins meets a thousand in its first step. What is new of
                # one that was met comes by a command, which this trainer applies itself.
                self._unread = dict(self._store.declarations())
            declared = self._unread.pop(bandit, None)
            if declared is None:
                return None
            found = self._present[bandit] = self._read(declared)
        return found

    def _read(self, declared: Declared) -> Standing:
        number, declaration, created = declared
        policy = compose(declaration)
        snapshot = self._store.snapshot(declaration.name)
        if snapshot is None or snapshot.declaration < number:
            return Standing.begun(declaration, number, policy, created, last=snapshot)
        return Standing(
            declaration,
            policy,
            Learnt(read_state(policy, snapshot), snapshot),
            roster_of(self._store, declared, snapshot),
            self._read_deferral(policy, snapshot),
        )

    def _read_deferral(self, policy: Policy, snapshot: Snapshot) -> Deferral | None:
        if snapshot.status not in (Status.FROZEN, Status.ROLLED_BACK):
            return None
        found = self._store.deferred(snapshot.bandit)
        if found is None:
            raise Corrupt(
                f"the store must hold what {snapshot.bandit!r} has learnt while it is "
                f"{snapshot.status.value}; it does not",
                hint="restore the store from a backup",
                bandit=snapshot.bandit,
            )
        return Deferral(read_state(policy, snapshot, found.state), found.observations)


def _by_bandit(groups: Sequence[Observations]) -> dict[str, list[Observations]]:
    found: dict[str, list[Observations]] = {}
    for group in groups:
        found.setdefault(group.bandit, []).append(group)
    return found


def _number_of(group: Observations) -> int:
    return group.declaration


def _written(bandit: str, standing: Standing) -> Deferred:
    if standing.deferred is None:
        return Deferred(bandit=bandit, state=b"", observations=0)
    state, observations = standing.deferred
    return Deferred(bandit=bandit, state=standing.policy.encode(state), observations=observations)


def _refused(command: Command, read: tuple[int, ...], now: Time) -> Command:
    """A command to a bandit that is not there."""
    refusal = Refusal(code=NotFound.code, detail=f"no bandit named {command.bandit!r}")
    effect = Effect(at=now, snapshot=0, roster=0, read=read, refusal=refusal)
    return msgspec.structs.replace(command, effect=effect)
