"""The learner: what both engines do between reading the log and committing.

`step` reads what is there, joins it, learns what has become final and commits when the batch is due.
All its effects on the outside are one file write per bandit and one transaction; killed anywhere, its
successor starts from the last commit and does the same again. Refuses to wait, to own a thread or to
know the time: the engine that drives it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from tamesu.base import Aside, Command, Conflict, Reward, SetAside, Time
from tamesu.base.counts import merge
from tamesu.engine.corrected import Corrected
from tamesu.engine.duty import Turn
from tamesu.engine.pupils import Pupils
from tamesu.engine.set_aside import kept_of
from tamesu.engine.shortened import refuse_shortened
from tamesu.join import Checkpoint, Emitted, Fold, Mark
from tamesu.ports import Archive, Clock, Commit, EventLog, Lease, Store
from tamesu.train import Pending

LEASE_US = 5_000_000
"""How long a trainer may be silent before another may take its place."""

READ_MOST = 20_000
"""Entries of one read: bounds the memory of a step, and the time until the lease is looked after."""

MOST_TOLD = 100
"""Poison records of one step that are told one by one; all are counted and kept."""

MOST_ASIDE = 10_000
"""Records set aside that wait for a commit: bounds their memory."""

IDLE_COMMIT_US = 5_000_000
"""How long offsets may move with nothing to learn before they are committed."""

_log = structlog.get_logger("tamesu.engine")


@dataclass(frozen=True)
class Step:
    """What one step did.

    Attributes:
        read: entries.
        observations: learnt from or archived.
        committed: whether it did.
        commands: those applied or refused, with their effects.
        more: whether the next step has something to do already, though nothing new is in the log.
    """

    read: int
    observations: int
    committed: bool
    commands: tuple[Command, ...] = ()
    more: bool = False


class Learner:
    """One trainer's memory: the fold, the bandits' states and what waits for the next commit.

    Built from the store's last commit. After any error it is thrown away and built again.

    Attributes:
        lease: what it writes under.
        low_water: per partition the offset below which nothing is needed, as of the last commit.
    """

    def __init__(
        self, log: EventLog, store: Store, archive: Archive, clock: Clock, lease: Lease
    ) -> None:
        self._log, self._store, self._archive, self._clock = log, store, archive, clock
        self.lease = lease
        checkpoint = Checkpoint.from_bytes(store.progress().checkpoint)
        marks = checkpoint.marks or (Mark(),) * log.partitions
        refuse_shortened(log, marks)
        self._rewards: dict[tuple[str, int], Reward] = {}
        self._fold = Fold(self._reward, checkpoint, log.partitions)
        self._next = [mark.low for mark in marks]
        self._pupils = Pupils(store, archive)
        self._corrected = Corrected(store)
        self._pending = Pending()
        self._aside: list[SetAside] = []
        self._counts: dict[str, dict[str, int]] = {}
        self._committed_reads = tuple(mark.read for mark in marks)
        self._committed_watermark = self._fold.watermark
        self.low_water = tuple(mark.low for mark in marks)
        self._last_commit = clock.now()

    @property
    def watermark(self) -> Time | None:
        """The log's time as far as it has been read, none before its first record."""
        return self._fold.watermark

    @property
    def read(self) -> tuple[int, ...]:
        """Per partition the offset up to which the log was learnt from, as of the last commit."""
        return self._committed_reads

    def renew(self, lease: Lease) -> None:
        """Goes on under `lease`, the one it had for longer.

        Raises:
            Conflict: it is another one: the first was lost meanwhile, and with it this memory's
                right to be the newest.
        """
        lost, self.lease = self.lease.epoch != lease.epoch, lease
        if lost:
            raise Conflict(
                f"the lease was lost and taken anew (epoch {lease.epoch}); starting over from the "
                "last commit"
            )

    def step(self, *, close: bool = False) -> Step:
        """Reads, joins, and commits if a micro-batch is due, a command waits or `close` asks for it.

        Raises:
            Conflict: another trainer has the lease; this learner must be thrown away.
            Unavailable, Corrupt: a port failed; the same.
        """
        read = self._read()
        if self._fold.rebuilding:
            return Step(read, 0, committed=False)
        emitted = self._fold.advance()
        self._take(emitted)
        now = self._clock.now()
        self._corrected.look(now, at_once=close)
        waiting = self._store.waiting()
        commands = self._pupils.ready(waiting)
        more = len(commands) < len(waiting)
        if not (commands or self._is_due(now) or (close and self._is_dirty())):
            return Step(read, 0, committed=False, more=more)
        learnt, settled = self._commit(now, commands)
        more = more or self._corrected.more
        return Step(read, learnt, committed=True, commands=settled, more=more)

    def _read(self) -> int:
        read = 0
        for partition, offset in enumerate(self._next):
            entries = self._log.read(partition, offset, READ_MOST)
            if entries:
                self._fold.push(entries)
                self._next[partition] = entries[-1].offset + 1
                read += len(entries)
        return read

    def _take(self, emitted: Emitted) -> None:
        poison = [one for one in emitted.aside if one.why is Aside.POISON]
        for one in poison[-MOST_TOLD:]:
            place = {"partition": one.partition, "offset": one.offset}
            _log.warning("poison record", **place, reason=one.reason)
        self._aside += emitted.aside
        self._counts = merge(self._counts, emitted.counts)
        self._pending.add(emitted.observations, self._clock.now())

    def _reads(self) -> tuple[int, ...]:
        return tuple(self._next)

    def _is_dirty(self) -> bool:
        waits = len(self._pending) > 0 or len(self._corrected) > 0
        return waits or self._reads() != self._committed_reads

    def _is_due(self, now: Time) -> bool:
        if self._corrected or len(self._aside) >= MOST_ASIDE:
            return True
        if self._pending.is_due(now, self._pupils.batch):
            return True
        return self._is_dirty() and not 0 <= now - self._last_commit < IDLE_COMMIT_US

    def _commit(self, now: Time, commands: Sequence[Command]) -> tuple[int, tuple[Command, ...]]:
        checkpoint = self._fold.checkpoint()
        watermark = self._fold.watermark or now
        reads, corrected = self._reads(), self._corrected
        # Commands first: they take effect upon what the last commit left, at its offsets. Then what
        # these reads made final; then what came too late for it.
        self._pupils.obey(
            commands, self._committed_reads, now, self._committed_watermark or Time(0)
        )
        groups = self._pupils.learn(
            self._pending.groups(), corrected.groups(), now, watermark, reads
        )
        stem = f"{self.lease.epoch:06d}-{sum(self._committed_reads):012d}-{sum(reads):012d}"
        if corrected:
            stem = f"{stem}-{corrected.name()}"
        files = self._archive.write_all(stem, groups)
        files += [self._archive.write_aside(stem, kept) for kept in kept_of(self._log, self._aside)]
        self._store.commit(
            Commit(
                lease=self.lease,
                checkpoint=checkpoint.to_bytes(),
                counts=merge(merge(self._counts, corrected.moved()), self._pupils.noticed),
                snapshots=self._pupils.snapshots,
                files=files,
                rosters=self._pupils.rosters,
                commands=self._pupils.commands,
                declarations=self._pupils.declarations,
                deferred=self._pupils.deferred,
                corrections=corrected.taken(reads, self._pupils.version),
            )
        )
        settled = tuple(self._pupils.commands)
        self._tell(settled)
        self._pupils.committed()
        corrected.committed()
        self._pending, self._counts, self._aside = Pending(), {}, []
        self._committed_reads, self._last_commit = reads, now
        self._committed_watermark = self._fold.watermark
        self.low_water = checkpoint.offsets
        return sum(len(group) for group in groups), settled

    def _tell(self, commands: Sequence[Command]) -> None:
        for command in commands:
            facts = {"number": command.number, "kind": command.kind, "bandit": command.bandit}
            refusal = None if command.effect is None else command.effect.refusal
            if refusal is None:
                _log.info("command applied", **facts)
            else:
                _log.warning("command refused", **facts, code=refusal.code, reason=refusal.detail)

    def _reward(self, bandit: str, number: int) -> Reward | None:
        key = (bandit, number)
        if key not in self._rewards:
            declared = self._store.declared(bandit, number)
            if declared is None:
                return None
            self._rewards[key] = declared.declaration.reward
        return self._rewards[key]


def turn_of(learner: Learner, now: Time) -> Turn:
    """How the trainer of `learner` stands at `now`."""
    return Turn(
        lease=learner.lease,
        now=now,
        watermark=learner.watermark,
        read=learner.read,
        low=learner.low_water,
    )
