"""`Roster`: which arms a bandit may choose, at one moment, and which it chose from once.

Numbered per bandit: 0 is the declaration's own, and each change makes the next. A snapshot names its
roster, so a decision's snapshot says exactly which arms were active. Refuses to hold what an arm has
learnt: that is the state's, where a retired arm keeps it and a revived one finds it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from tamesu.base.arm import MAX_ARMS, Arm
from tamesu.base.arms_change import ArmsChange, WantedArm
from tamesu.base.declaration import Declaration
from tamesu.base.errors import Conflict, InvalidInput, NotFound, Outdated
from tamesu.base.times import Time

VERSION = 1

MOST_RETIRED = 100_000
"""Retired arms that a roster lists; the longest retired leave the list, what they learnt stays."""

MAX_ALL_BYTES = 32 << 20
"""Metadata and features of all active arms: every change writes them anew."""


class Changed(NamedTuple):
    """How many arms a change did what to."""

    added: int
    changed: int
    revived: int
    retired: int


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """A bandit's arms at one moment. Immutable.

    Attributes:
        number: 0 is the declaration's; each change has the next.
        active: what may be chosen, in the order of the policy's vectors.
        retired: what once could be, the longest retired first.
    """

    bandit: str
    number: int
    created: Time
    active: tuple[Arm, ...]
    retired: tuple[Arm, ...] = ()
    v: int = VERSION

    @classmethod
    def of(cls, declaration: Declaration, created: Time) -> Roster:
        """Roster 0 of a declaration made at `created`."""
        return cls(bandit=declaration.name, number=0, created=created, active=declaration.arms)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the active arms, in order."""
        return tuple([arm.id for arm in self.active])

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """What each active arm tells of itself, by id."""
        return {arm.id: arm.features for arm in self.active}

    def changed(self, change: ArmsChange, now: Time, least: int = 1) -> tuple[Roster, Changed]:
        """The next roster, and what became of its arms; the same roster where nothing changes.

        Arms that stay keep their order, new and revived ones come last.

        Args:
            change: what is wanted.
            now: when the next roster is made.
            least: how many arms must be active.

        Raises:
            NotFound: an arm to retire that was never there.
            Outdated: it was made for another roster.
            Conflict: too few arms would be left, or more than half would go without `force`.
            InvalidInput: too many arms would be active, or say too much in all.
        """
        if change.roster not in (None, self.number):
            raise Outdated.roster(self.bandit, change.roster, self.number)
        active = {arm.id: arm for arm in self.active}
        retired = {arm.id: arm for arm in self.retired}
        gone = self._gone(change, active, retired)
        for arm in gone:
            retired[arm] = active.pop(arm)
        added = changed = revived = 0
        for wanted in change.wanted:
            known = active.get(wanted.id)
            if known is not None:
                active[wanted.id] = _put(wanted, known)
                changed += active[wanted.id] != known
                continue
            known = retired.pop(wanted.id, None)
            active[wanted.id] = _put(wanted, known)
            if known is None:
                added += 1
            else:
                revived += 1
        told = Changed(added, changed, revived, len(gone))
        if not any(told):
            return self, told
        if len(active) < least:
            raise Conflict(
                f"bandit {self.bandit!r} must keep {least} active arms, the size of its layout; "
                f"{len(active)} would be left",
                hint="add others first",
            )
        if len(active) > MAX_ARMS:
            raise InvalidInput(
                f"a bandit has at most {MAX_ARMS:,} active arms, got {len(active):,}",
                hint="retire others first",
            )
        if added or changed:
            _check_all(self.bandit, active.values())
        next_ = msgspec.structs.replace(
            self,
            number=self.number + 1,
            created=now,
            active=tuple(active.values()),
            retired=tuple(retired.values())[-MOST_RETIRED:],
        )
        return next_, told

    def declared(self, declaration: Declaration, now: Time) -> tuple[Roster, Changed]:
        """The next roster, whose active arms are the declaration's, and what became of its arms.

        Exactly they, in their order and as it has them; whatever else was active is retired.
        """
        active = {arm.id: arm for arm in self.active}
        retired = {arm.id: arm for arm in self.retired}
        added = changed = revived = 0
        for arm in declaration.arms:
            known = active.pop(arm.id, None)
            if known is not None:
                changed += known != arm
            elif retired.pop(arm.id, None) is not None:
                revived += 1
            else:
                added += 1
        told = Changed(added, changed, revived, len(active))
        next_ = msgspec.structs.replace(
            self,
            number=self.number + 1,
            created=now,
            active=declaration.arms,
            retired=(*retired.values(), *active.values())[-MOST_RETIRED:],
        )
        return next_, told

    def _gone(
        self, change: ArmsChange, active: dict[str, Arm], retired: dict[str, Arm]
    ) -> list[str]:
        """The active arms that `change` retires, in the order in which they stand."""
        if change.sync is None:
            unknown = [arm for arm in change.retire if arm not in active and arm not in retired]
            if unknown:
                raise NotFound.arms(unknown, active)
            return [arm for arm in change.retire if arm in active]
        stay = {arm.id for arm in change.sync}
        gone = [arm for arm in active if arm not in stay]
        if len(gone) * 2 > len(active) and not change.force:
            raise Conflict(
                f"a sync must not retire more than half of the active arms of {self.bandit!r} "
                f"unprompted, this would retire {len(gone):,} of {len(active):,}",
                hint="see that the set is whole; if it is, send it with  force: true",
                retired=len(gone),
                active=len(active),
            )
        return gone


def _check_all(bandit: str, arms: Iterable[Arm]) -> None:
    size = sum(
        len(msgspec.json.encode(part))
        for arm in arms
        for part in (arm.metadata, arm.features)
        if part
    )
    if size > MAX_ALL_BYTES:
        raise InvalidInput(
            f"metadata and features of all arms of {bandit!r} may have {MAX_ALL_BYTES:,} bytes, got "
            f"{size:,}",
            hint="keep large things elsewhere, under the arm's id",
        )


def _put(wanted: WantedArm, known: Arm | None) -> Arm:
    arm = known or Arm(id=wanted.id)
    given = {"metadata": wanted.metadata, "features": wanted.features}
    said = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(arm, **said) if said else arm
