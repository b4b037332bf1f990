"""The kinds `freeze`, `resume`, `rollback` and `delete`: what a bandit does with what it observes.

While it is frozen or rolled back it goes on learning aside, and `resume` makes it serve that. Which
arms are active stays as it is: a roster follows the arms that there are, a state what was observed.
Refuses to forget what was archived.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tamesu.base import Command, Conflict, InvalidInput, NotFound, Snapshot, Status, convert
from tamesu.train.commands.past import Past
from tamesu.train.commands.standing import Deferral, Moment, Standing
from tamesu.train.lesson import Learnt, prior

_NEAR = 3
"""Kept versions that a refusal names on each side of the one that is not kept."""

_LARGEST = 1 << 62


class _Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `freeze`, `resume` and `delete` may say."""


class Rollback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `rollback` must say.

    Attributes:
        version: of the snapshot to decide by; 0 is the prior.
    """

    version: int


def parse_nothing(data: Any) -> dict[str, Any]:
    """The body of a command that has none; `null` and `{}` say so.

    Raises:
        InvalidInput: it says something.
    """
    convert({} if data is None else data, _Nothing, "the body", InvalidInput)
    return {}


def parse_rollback(data: Any) -> dict[str, Any]:
    """`{version}` out of what a person sent.

    Raises:
        InvalidInput: it can be no version of any bandit.
    """
    body = convert(data, Rollback, "the body", InvalidInput)
    if not 0 <= body.version <= _LARGEST:
        raise InvalidInput(
            f"version must be the number of a snapshot, from 0, got {body.version}",
            hint="tamesu bandit snapshots NAME lists them",
        )
    return {"version": body.version}


def freeze(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit with its snapshot pinned; one that does not learn stays as it is.

    Raises:
        NotFound: it is deleted.
    """
    del body, at, past
    refuse_deleted(before)
    if before.status is not Status.LEARNING:
        return before, _told(before)
    learnt = before.learnt
    after = before.becomes(Status.FROZEN, learnt, _aside(learnt))
    return after, _told(after)


def resume(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit with what it learnt aside as its state, learning again.

    Raises:
        NotFound: it is deleted.
        Conflict: it learns already.
    """
    del body, past
    refuse_deleted(before)
    if before.deferred is None:
        raise Conflict(
            f"bandit {before.declaration.name!r} must be frozen or rolled back to resume, it is "
            f"{before.status.value}",
            hint="nothing to do: it learns",
        )
    state, observations = before.deferred
    snapshot = msgspec.structs.replace(
        before.learnt.snapshot,
        state=before.policy.encode(state),
        observations=observations,
        watermark=at.known,
    )
    after = before.becomes(Status.LEARNING, Learnt(state, snapshot), None)
    return after, _told(after)


def rollback(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit with the state that an older version had; version 0 is the declaration's prior.

    What is decided from now on is learnt aside, upon that state. What was decided before is not, nor
    what corrects it: the state cannot tell which of it it has forgotten, and would take back what it
    never learnt. What it had learnt aside so far goes with what it had learnt since.

    Raises:
        NotFound: it is deleted, or the version is not kept.
        Conflict: that version had learnt what this policy cannot go on from.
    """
    refuse_deleted(before)
    version = int(body["version"])
    target = _target(before, version, at, past)
    after = before.becomes(Status.ROLLED_BACK, target, _aside(target))
    if at.watermark:
        after = after.said(learns_after=at.watermark)
    return after, {**_told(after), "version": version, "version_read": list(target.snapshot.read)}


def delete(
    before: Standing, body: dict[str, Any], at: Moment, past: Past
) -> tuple[Standing, dict[str, Any]]:
    """The bandit deleted: it serves nothing and learns nothing more.

    Raises:
        NotFound: it is already.
    """
    del body, at, past
    refuse_deleted(before)
    after = before.becomes(Status.DELETED, before.learnt, None)
    return after, {**_told(after), "declaration": after.number}


def first_number(commands: Iterable[Command]) -> int:
    """The number of a bandit's first declaration by its `commands`, in their order: one more than what was deleted."""
    first = 1
    for command in commands:
        effect = command.effect
        if command.kind == "delete" and effect is not None and effect.refusal is None:
            first = int(effect.told["declaration"]) + 1
    return first


def refuse_deleted(standing: Standing) -> None:
    """Raises `NotFound` where the bandit is deleted: nothing can be done to it any more."""
    if standing.status is Status.DELETED:
        name = standing.declaration.name
        raise NotFound(
            f"no bandit named {name!r}: it was deleted",
            hint="create it again:  tamesu bandit create FILE, or POST /v1/bandits",
            bandit=name,
        )


def _target(before: Standing, version: int, at: Moment, past: Past) -> Learnt:
    name = before.declaration.name
    if version == 0:
        return prior(name, before.number, before.policy, at.now)
    found = past.snapshot(version)
    if found is None:
        raise NotFound(
            f"no snapshot {version} of bandit {name!r} is kept (kept near it: "
            f"{_near(version, past)})",
            hint=f"tamesu bandit snapshots {name} lists all; a version that is pinned stays",
            version=version,
        )
    _refuse_stranger(before, found)
    return Learnt(before.policy.decode(found.state), found)


def _refuse_stranger(before: Standing, found: Snapshot) -> None:
    since = before.learnt.snapshot.learns_from
    if found.learns_from != since:
        raise Conflict(
            f"snapshot {found.version} of bandit {before.declaration.name!r} has learnt for "
            f"declaration {found.declaration}; what is learnt now began anew with declaration "
            f"{since}, and cannot go on from it",
            hint="declare the bandit as it was, or choose a version of this declaration",
            version=found.version,
            learns_from=since,
        )


def _near(version: int, past: Past) -> str:
    kept = past.versions()
    near = [
        *[one for one in kept if one < version][-_NEAR:],
        *[one for one in kept if one > version][:_NEAR],
    ]
    return ", ".join(map(str, near)) or "none but 0, the prior"


def _aside(learnt: Learnt) -> Deferral:
    return Deferral(learnt.state, learnt.snapshot.observations)


def _told(standing: Standing) -> dict[str, Any]:
    snapshot = standing.learnt.snapshot
    return {"bandit_status": snapshot.status.value, "observations": snapshot.observations}
