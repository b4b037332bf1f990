"""`Explainer`: what was decided, from what, and the same once more.

Reads the decision and its events out of log and archive and its snapshot out of the store, makes it
again with the code that serves and compares, and tells what came of it as the join does. Refuses to
guess: what is not there is said, with the reason why it may not be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from tamesu.base import (
    Corrupt,
    Decision,
    DecisionId,
    Entry,
    InvalidInput,
    Kind,
    NotFound,
    Snapshot,
    Time,
    Unavailable,
    decode_decision,
    delivery_id,
    parse_decision_id,
    parse_delivery_id,
)
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.slots import delivered_arms
from tamesu.base.times import MILLISECOND_US
from tamesu.join import Checkpoint, Story, tell
from tamesu.join.record import UNDECODED
from tamesu.ports import Clock, Declared, EventLog, Store, roster_of
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.nothing import missing, no_delivery, not_here, set_aside
from tamesu.serve.core.records import ArchivedRecords, Records
from tamesu.serve.core.remade import make_again, told_again, told_arms, told_snapshot
from tamesu.serve.core.telling import Afterwards, told, told_delivery

_log = structlog.get_logger("tamesu.serve.explain")


class KeptPast(Protocol):
    """Snapshots as they are kept, or made again from those that are."""

    def snapshot_at(self, bandit: str, version: int) -> Snapshot | None:
        """The snapshot with this version; none if it can neither be read nor made again."""
        ...


class Explainer:
    """Explains the decisions of a log.

    Concurrent case: one at a time, off the event loop, so that it never takes more than one thread
    from what is being decided.

    Args:
        log, store, clock: the ports.
        catalogue: what is served now.
        archived: opens what the archive has of the log, once it is asked for.
        past: opens what makes snapshots again that are not kept, once it is asked for.
    """

    def __init__(  # noqa: PLR0913 - all that a decision leaves traces in, by name
        self,
        *,
        log: EventLog,
        store: Store,
        catalogue: Catalogue,
        clock: Clock,
        archived: Callable[[], ArchivedRecords] | None = None,
        past: Callable[[], KeptPast] | None = None,
    ) -> None:
        self._log = log
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._records = Records(log, archived)
        self._past = past
        self._turn = asyncio.Semaphore(1)

    async def explain(self, identity: str) -> dict[str, Any]:
        """What was decided, what was believed, what the same snapshot decides again, and what came of it.

        Args:
            identity: of a decision, or of one of its deliveries.

        Raises:
            InvalidInput: it does not parse.
            NotFound: no such decision is in the log; the fact `reason` says why it may be so.
            Unavailable: the log or the store is down.
            Corrupt: what they hold cannot be read.
        """
        decision_id, position = _asked(identity)
        said = parse_decision_id(decision_id)
        try:
            hot = await self._catalogue.look(said.bandit)
        except NotFound:
            hot = None  # deleted, or never there: its declarations tell
        async with self._turn:
            answer = await asyncio.to_thread(self._explain, decision_id, said, hot)
        if position is None or any(one["position"] == position for one in answer["deliveries"]):
            return answer
        raise no_delivery(decision_id, position)

    def _declared(self, decision_id: str, said: DecisionId) -> Declared:
        """The declaration that a decision names, of a bandit that is served or was."""
        newest = self._store.declarations().get(said.bandit)
        if newest is None:
            raise not_here(decision_id, f"there is no bandit named {said.bandit!r} here")
        if newest.number == said.declaration:
            return newest
        declared = self._store.declared(said.bandit, said.declaration)
        if declared is None:
            raise not_here(
                decision_id,
                f"it names declaration {said.declaration} of {said.bandit!r}, which has "
                f"{newest.number}",
            )
        return declared

    def _explain(self, decision_id: str, said: DecisionId, hot: Hot | None) -> dict[str, Any]:
        declared = self._declared(decision_id, said)
        reward = declared.declaration.reward
        # First how far the trainer is, then the records: all that it knew by then are among them.
        progress = Checkpoint.from_bytes(self._store.progress().checkpoint)
        read = [mark.read for mark in progress.marks] or [0] * self._log.partitions
        end = max(reward.last_moment(said.decided), said.decided + reward.late)
        found = self._records.find(
            decision_id, Time(max(0, said.decided - CLOCK_SKEW_US)), Time(end)
        )
        known = [entry for entry in found.entries if entry.offset < read[entry.partition]]
        unread = [entry for entry in found.entries if entry.offset >= read[entry.partition]]
        story = tell(decision_id, reward, known, progress.time or Time(0), late=True)
        entry, decision = self._accepted(decision_id, said, story, unread)
        courses = {course.delivery.position: course for course in story.courses}
        afterwards = self._afterwards(said, progress.time)
        active: Collection[str] = () if hot is None else hot.arms
        aims = declared.declaration.aims
        return {
            **self._decided(decision, declared, active),
            "received": Time(entry.received * MILLISECOND_US).text(),
            "deliveries": [
                {
                    "delivery_id": delivery_id(decision_id, delivery.position),
                    **msgspec.structs.asdict(delivery),
                    "active": all(
                        arm in active for arm in delivered_arms(delivery.arm, delivery.features)
                    ),
                    **told_delivery(courses.get(delivery.position), afterwards, aims),
                }
                for delivery in decision.deliveries
            ],
            **told(story, unread, found.gaps, afterwards),
        }

    def _decided(
        self, decision: Decision, declared: Declared, active: Collection[str]
    ) -> dict[str, Any]:
        """How a decision was made, and made again."""
        snapshot = made = None
        if decision.snapshot:
            snapshot = self._snapshot(declared.declaration.name, decision.snapshot)
        if snapshot is not None or not decision.snapshot:
            roster = roster_of(self._store, declared, snapshot)
            made = make_again(decision, declared, snapshot, roster)
        return {
            "decision_id": decision.decision_id,
            "bandit": declared.declaration.name,
            "declaration": declared.number,
            "decided": parse_decision_id(decision.decision_id).decided.text(),
            "snapshot": told_snapshot(decision, declared, snapshot),
            "unit": decision.unit,
            "request_id": decision.request_id,
            "context": decision.context,
            "columns": None if made is None else made.columns,
            "eligible": decision.eligible,
            "draws": decision.draws,
            "fallback": decision.fallback,
            "again": told_again(decision, made),
            "arms": told_arms(made, active),
            "arms_omitted": 0 if made is None else made.omitted,
        }

    def _snapshot(self, bandit: str, version: int) -> Snapshot | None:
        """A snapshot as it is kept; else as it can be made again."""
        kept = self._store.snapshot(bandit, version)
        if kept is not None or self._past is None:
            return kept
        try:
            return self._past().snapshot_at(bandit, version)
        except (Corrupt, Unavailable) as error:
            _log.warning("a snapshot cannot be made again", bandit=bandit, reason=error.message)
            return None

    def _afterwards(self, said: DecisionId, watermark: Time | None) -> Afterwards:
        return Afterwards(
            said.declaration,
            watermark,
            self._store.judged().get(said.bandit, Time(0)),
            {one.key for one in self._store.corrections(waiting=True)},
            self._store.snapshots(said.bandit),
        )

    def _accepted(
        self, decision_id: str, said: DecisionId, story: Story, unread: Sequence[Entry]
    ) -> tuple[Entry, Decision]:
        """The decision as it was accepted, or will be once the trainer has read it.

        Raises:
            NotFound: it is not there, or was set aside.
            Corrupt: it does not read.
        """
        if story.entry is not None and story.decision is not None:
            return story.entry, story.decision
        for entry in unread:
            if entry.kind == Kind.DECISION:
                return entry, _read(entry)
        for entry, why in story.unread:
            if entry.kind == Kind.DECISION:
                _read(entry)
                raise set_aside(decision_id, why)
        raise missing(decision_id, said.decided, self._clock.now(), self._records.oldest())


def _asked(identity: str) -> tuple[str, int | None]:
    """The decision id that `identity` is, or is a delivery of; and the position of that delivery."""
    try:
        delivery = parse_delivery_id(identity)
    except InvalidInput:
        parse_decision_id(identity)
        return identity, None
    return delivery.decision_id, delivery.position


def _read(entry: Entry) -> Decision:
    try:
        return decode_decision(entry.body)
    except UNDECODED as error:
        raise Corrupt(
            f"the record of decision {entry.key} at offset {entry.offset} does not read: {error}"
        ) from error
