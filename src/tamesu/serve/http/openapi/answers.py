"""What control answers, as structs: for the description, and for whoever reads the answers.

The core answers some of these as plain data; a test holds what a server really answers to them, field
by field. Refuses to be constructed on the way of an answer: that would cost, and change nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tamesu.base import Duration, Refusal, Status, Time
from tamesu.base.written import Written
from tamesu.policy import ArmSummary
from tamesu.serve.core import DecisionAnswer
from tamesu.train import Why


class Declaration(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bandit as it is declared; short forms are as good as long ones.

    Attributes:
        name: `[a-z0-9][a-z0-9-]{0,62}`.
        arms: what may be chosen; an id is short for `{id: ...}`.
        layout: how many arms a decision delivers, and how feedback falls on them.
        policy: a belief, an explorer, and what tempers them.
        reward: how events become rewards, and until when they count.
        description: for people.
        batch: when a micro-batch closes.
        seed: of all randomness; drawn when the bandit is created, if absent.
        fallback: arms delivered where the policy cannot decide, in order; or `random`.
        sticky: how long a unit keeps its decision.
    """


class Told(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One object; what stands in none of its fields is in no answer."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is to be said."""


class UnitFeatures(msgspec.Struct, frozen=True):
    """What is known of a unit, by name."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error (RFC 9457). The facts of the error stand beside these fields.

    Attributes:
        type: `urn:tamesu:error:` and the code.
        title: the code in words.
        status: that of the answer.
        code: what is wrong, for programs.
        detail: what must hold, what was got, and where.
        hint: what to do, or empty.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str


class Live(Told):
    """The process runs."""

    live: bool


class Allowed(Told):
    """What a path takes."""

    allowed: str


class Decisions(Told):
    """The decisions of a batch, in the order of its requests."""

    decisions: list[DecisionAnswer]


class ShortBandit(Told):
    """A bandit in short.

    Attributes:
        name: of it.
        number: of its declaration.
        status: what it does with what it observes.
        snapshot: version that decides; 0 is the prior.
        created: when this declaration was made.
        description: as declared.
        layout: its kind.
        arms: how many are active.
    """

    name: str
    number: int
    status: Status
    snapshot: int
    created: Time
    description: str
    layout: str
    arms: int


class Bandit(ShortBandit):
    """A bandit, its declaration with every default spelt out."""

    declaration: Declaration


class Bandits(Told):
    """Every bandit in short, by name."""

    bandits: list[ShortBandit]


class CommandStatus(StrEnum):
    """What became of a command; once it is applied, some tell the status of the bandit instead."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"
    LEARNING = "learning"
    FROZEN = "frozen"
    ROLLED_BACK = "rolled_back"
    DELETED = "deleted"


class StateIs(StrEnum):
    """What a bandit that is declared anew knows."""

    KEPT = "kept"
    NEW = "new"
    WARM = "warm"


class CommandAnswer(Told):
    """What became of a command. What has not happened yet, or is not of its kind, is absent.

    Attributes:
        command: its number.
        bandit: to which bandit.
        kind: what sort of command.
        status: `pending` until the trainer has taken it; then `applied`, `refused` or the bandit's own.
        asked, applied: when it was asked for, and taken.
        snapshot, roster: the first that were made with it.
        read: per partition of the log the offset up to which it had been learnt from before.
        error: why it was refused.
        bandit_status: the bandit's own, where `status` is the command's.
        observations: in what decides now.
        number, state: of the declaration that is served now; what it knows.
        left_out: archived observations that the new belief cannot learn from.
        added, changed, revived, retired: how many arms it did what to.
        declaration: as it is served, defaults spelt out; of one that was deleted, its number.
        version, version_read: whose state decides, and up to which offsets that one had learnt.
    """

    command: int
    bandit: str
    kind: str
    status: CommandStatus
    asked: Time
    applied: Time | UnsetType = UNSET
    snapshot: int | UnsetType = UNSET
    roster: int | UnsetType = UNSET
    read: list[int] | UnsetType = UNSET
    error: Refusal | UnsetType = UNSET
    bandit_status: Status | UnsetType = UNSET
    observations: int | UnsetType = UNSET
    number: int | UnsetType = UNSET
    state: StateIs | UnsetType = UNSET
    left_out: int | UnsetType = UNSET
    added: int | UnsetType = UNSET
    changed: int | UnsetType = UNSET
    revived: int | UnsetType = UNSET
    retired: int | UnsetType = UNSET
    declaration: Declaration | int | UnsetType = UNSET
    version: int | UnsetType = UNSET
    version_read: list[int] | UnsetType = UNSET


class ListedArm(Told):
    """An arm of a roster."""

    arm: str
    status: Literal["active", "retired"]
    metadata: dict[str, Any]
    features: dict[str, Any]


class Arms(Told):
    """The arms of a bandit as the newest snapshot has them, the active ones first."""

    bandit: str
    snapshot: int
    roster: int
    arms: list[ListedArm]


class ShortSnapshot(Told):
    """A kept snapshot.

    Attributes:
        version: of it.
        declaration: the number of the one that it learnt under.
        status: the bandit's, when it was made.
        created: when.
        watermark: the moment up to which the log had been read.
        observations: learnt.
        roster: number of the arms that were active.
        pinned: kept for ever.
        kept: why it stays; none for one that may go at any time.
    """

    version: int
    declaration: int
    status: Status
    created: Time
    watermark: Time
    observations: int
    roster: int
    pinned: bool
    kept: Why | None


class Snapshots(Told):
    """Kept snapshots, the newest first.

    Attributes:
        bandit: whose.
        served: version by which the server that was asked decides; 0 is the prior.
        snapshots: they.
        more: whether there are older ones: ask with `before` the last version of the list.
    """

    bandit: str
    served: int
    snapshots: list[ShortSnapshot]
    more: bool


class PinnedSnapshot(ShortSnapshot):
    """A snapshot as it is kept now."""

    bandit: str


class WholeSnapshot(ShortSnapshot):
    """A kept snapshot and what it believes of each arm that was active then.

    Attributes:
        bandit: whose.
        readable: whether it can be decided by.
        arms: what it believes.
    """

    bandit: str
    readable: bool
    arms: list[ArmSummary]


class Features(Told):
    """What is kept of a unit."""

    entity: str
    key: str
    features: dict[str, Any]


class FeaturesForgotten(Told):
    """Whether anything was kept of a unit; now nothing is."""

    entity: str
    key: str
    deleted: bool


class Session(Told):
    """A window that ends `gap` after the newest event that counted, and `cap` after the anchor."""

    gap: Duration
    cap: Duration
