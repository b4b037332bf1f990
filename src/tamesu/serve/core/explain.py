"""`Explainer`: what was decided, from what, and the same once more.

Reads the decision out of the log and its snapshot out of the store, makes it again with the code that
serves, and compares. Refuses to guess: what is not there is said, with the reason why it may not be.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from tamesu.base import (
    Corrupt,
    Decision,
    DecisionId,
    Entry,
    InvalidInput,
    NotFound,
    Roster,
    Snapshot,
    Time,
    decode_decision,
    delivery_id,
    parse_decision_id,
    parse_delivery_id,
)
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import MILLISECOND_US
from tamesu.policy import Choice, Explanation, explain
from tamesu.ports import Clock, Declared, EventLog, Store, roster_of
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot, heat
from tamesu.serve.core.logbook import find_entry


class Explainer:
    """Explains the decisions of a log.

    Concurrent case: one at a time, off the event loop, so that it never takes more than one thread
    from what is being decided.
    """

    def __init__(self, *, log: EventLog, store: Store, catalogue: Catalogue, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._turn = asyncio.Semaphore(1)

    async def explain(self, identity: str) -> dict[str, Any]:
        """What was decided, what was believed, and what the same snapshot decides again.

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
        hot = await self._served(decision_id, said)
        async with self._turn:
            told = await asyncio.to_thread(self._explain, decision_id, said.decided, hot)
        if position is None or position < len(told["deliveries"]):
            return told
        raise NotFound(
            f"decision {decision_id} has no delivery at position {position}",
            hint="leave the position out to explain the decision",
            reason="not-recorded",
        )

    async def _served(self, decision_id: str, said: DecisionId) -> Hot:
        """The bandit of a decision as it is served now."""
        try:
            hot = await self._catalogue.look(said.bandit)
        except NotFound as error:
            raise _not_here(decision_id, f"there is {error.message} here") from error
        known = hot.declared.number
        if said.declaration != known:
            raise _not_here(
                decision_id,
                f"it names declaration {said.declaration} of {said.bandit!r}, which has {known}",
            )
        return hot

    def _explain(self, decision_id: str, decided: Time, hot: Hot) -> dict[str, Any]:
        entry = find_entry(self._log, decision_id)
        if entry is None:
            raise self._missing(decision_id, decided)
        decision = _read(entry)
        declared = hot.declared
        snapshot = made = None
        if decision.snapshot:
            snapshot = self._store.snapshot(declared.declaration.name, decision.snapshot)
        if snapshot is not None or not decision.snapshot:
            roster = roster_of(self._store, declared, snapshot)
            made = _make_again(decision, declared, snapshot, roster)
        return {
            "decision_id": decision_id,
            "bandit": declared.declaration.name,
            "declaration": declared.number,
            "decided": decided.text(),
            "received": Time(entry.received * MILLISECOND_US).text(),
            "snapshot": _snapshot(decision, declared, snapshot),
            "unit": decision.unit,
            "request_id": decision.request_id,
            "context": decision.context,
            "eligible": decision.eligible,
            "draws": decision.draws,
            "fallback": decision.fallback,
            "deliveries": [
                {
                    "delivery_id": delivery_id(decision_id, delivery.position),
                    **msgspec.structs.asdict(delivery),
                    "active": delivery.arm in hot.arms,
                }
                for delivery in decision.deliveries
            ],
            "again": _again(decision, made),
            "arms": []
            if made is None
            else [
                {**msgspec.structs.asdict(arm), "active": arm.arm in hot.arms} for arm in made.arms
            ],
            "arms_omitted": 0 if made is None else made.omitted,
        }

    def _missing(self, decision_id: str, decided: Time) -> NotFound:
        """Why a decision that may have been made here is not in the log."""
        now = self._clock.now()
        if decided > now + CLOCK_SKEW_US:
            return _not_here(decision_id, "its id names a moment that is yet to come")
        oldest = self._oldest()
        if oldest is None or decided < oldest - CLOCK_SKEW_US:
            begins = "is empty" if oldest is None else f"begins at {oldest.text()}"
            return NotFound(
                f"decision {decision_id} was made at {decided.text()}, but the log {begins}",
                hint="older records are retired: see the setting 'retention'; or another "
                "installation made it",
                reason="retired",
            )
        return NotFound(
            f"decision {decision_id} is not in the log",
            hint="it was never answered (its request ended with an error), or another installation "
            "made it",
            reason="not-recorded",
        )

    def _oldest(self) -> Time | None:
        """When the first record was received that the log still has."""
        found = [self._log.read(partition, 0, 1) for partition in range(self._log.partitions)]
        times = [entries[0].received for entries in found if entries]
        return Time(min(times) * MILLISECOND_US) if times else None


def _asked(identity: str) -> tuple[str, int | None]:
    """The decision id that `identity` is, or is a delivery of; and the position of that delivery."""
    try:
        delivery = parse_delivery_id(identity)
    except InvalidInput:
        parse_decision_id(identity)
        return identity, None
    return delivery.decision_id, delivery.position


def _not_here(decision_id: str, why: str) -> NotFound:
    return NotFound(
        f"decision {decision_id} was not made here: {why}",
        hint="ask the installation that made it",
        reason="other-installation",
    )


def _read(entry: Entry) -> Decision:
    try:
        return decode_decision(entry.body)
    except (msgspec.MsgspecError, InvalidInput, UnicodeDecodeError) as error:
        raise Corrupt(
            f"the record of decision {entry.key} at offset {entry.offset} does not read: {error}"
        ) from error


def _make_again(
    decision: Decision, declared: Declared, snapshot: Snapshot | None, roster: Roster
) -> Explanation | None:
    """The decision made again; none if its snapshot cannot be read."""
    hot = heat(declared, snapshot, roster)
    if hot.broken and not decision.fallback:
        return None
    return explain(
        policy=hot.policy,
        state=hot.state,
        prepared=hot.fallback if decision.fallback else hot.prepared,
        time=hot.made,
        decision_id=decision.decision_id,
        eligible=decision.eligible,
        delivered=Choice(
            tuple([delivery.arm for delivery in decision.deliveries]),
            tuple([delivery.propensity for delivery in decision.deliveries]),
            tuple([delivery.score for delivery in decision.deliveries]),
            decision.draws,
        ),
    )


def _snapshot(decision: Decision, declared: Declared, snapshot: Snapshot | None) -> dict[str, Any]:
    """What is known of the snapshot that decided; version 0 is the prior."""
    known: dict[str, Any] = {"version": decision.snapshot}
    if snapshot is not None:
        known |= {
            "created": snapshot.created.text(),
            "watermark": snapshot.watermark.text(),
            "observations": snapshot.observations,
            "roster": snapshot.roster,
        }
    elif not decision.snapshot:
        known |= {
            "created": declared.created.text(),
            "watermark": None,
            "observations": 0,
            "roster": 0,
        }
    return known


def _again(decision: Decision, made: Explanation | None) -> dict[str, Any]:
    """How it went the second time."""
    if made is None:
        return {
            "same": None,
            "difference": None,
            "deliveries": [],
            "why": f"snapshot {decision.snapshot} is no longer kept, or cannot be read",
        }
    again = made.again
    return {
        "same": made.same,
        "difference": made.difference,
        "deliveries": [
            {"position": position, "arm": arm, "propensity": propensity, "score": score}
            for position, (arm, propensity, score) in enumerate(
                zip(again.arms, again.propensities, again.scores, strict=True)
            )
        ],
        "why": None,
    }
