"""`ArmsChange`: what somebody wants a bandit's arms to become.

Refuses what can be no change of any roster; whether it fits the one at hand is `Roster.changed`'s
business.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base.arm import check_features, check_ids, check_metadata, check_number, long_arm
from tamesu.base.errors import InvalidInput
from tamesu.base.shapes import convert, is_mapping, is_sequence

MAX_SOURCE_CHARS = 300


class WantedArm(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An arm that is to be active.

    Attributes:
        id: as an arm's.
        metadata: what its metadata becomes; none keeps what it has, or had when it was retired.
        features: what it tells of itself from now on; none keeps what it tells, or told.
    """

    id: str
    metadata: dict[str, Any] | None = None
    features: dict[str, Any] | None = None


class ArmsChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Arms to add, change, revive or retire, all at once or not at all.

    Attributes:
        add: to be active afterwards; each is new, changed or revived.
        retire: ids to be active no more.
        sync: the exact full set to be active afterwards, instead of `add` and `retire`.
        force: lets `sync` retire more than half of the active arms.
        roster: the number of the roster that the change was made for; refused where another is the
            newest by then. None changes whatever is there.
        source: where the change comes from, in its maker's words; kept with the command.
    """

    add: tuple[WantedArm, ...] = ()
    retire: tuple[str, ...] = ()
    sync: tuple[WantedArm, ...] | None = None
    force: bool = False
    roster: int | None = None
    source: str = ""

    @classmethod
    def parse(cls, data: Any) -> ArmsChange:
        """The change that plain data spells out; an id alone is short for `{id: ...}`.

        Raises:
            InvalidInput: an unknown key, a wrong type, an id, metadata or features that cannot be, an arm that
                stands twice, too many, `sync` beside the others, nothing at all, or a source that is
                too long.
        """
        if is_mapping(data):
            data = {key: _long(key, value) for key, value in data.items()}
        try:
            change = msgspec.convert(data, cls)
        except (msgspec.ValidationError, UnicodeEncodeError):
            change = convert(data, cls, "the body", InvalidInput)
        if change.sync is not None and (change.add or change.retire):
            raise InvalidInput(
                "sync is the exact full set and stands alone, got add or retire beside it",
                hint="send either sync, or add and retire",
            )
        if change.sync is None and not (change.add or change.retire):
            raise InvalidInput("a change of arms must hold add, retire or sync, got none of them")
        if change.force and change.sync is None:
            raise InvalidInput("force belongs to sync, got it without", field="force")
        if not (len(change.source) <= MAX_SOURCE_CHARS and change.source.isprintable()):
            raise InvalidInput(
                f"source must have at most {MAX_SOURCE_CHARS} printable characters, got "
                f"{len(change.source)}",
                field="source",
            )
        wanted = change.wanted
        check_ids([*(arm.id for arm in wanted), *change.retire], InvalidInput)
        for arm in wanted:
            check_metadata(arm.id, arm.metadata or {}, InvalidInput)
            check_features(arm.id, arm.features or {}, InvalidInput)
        return change

    @property
    def wanted(self) -> tuple[WantedArm, ...]:
        """The arms that are to be active."""
        return self.add if self.sync is None else self.sync


def _long(key: str, value: Any) -> Any:
    if key not in ("add", "retire", "sync") or not is_sequence(value):
        return value
    check_number(value, InvalidInput)
    if key == "retire":
        return [str(arm) if type(arm) is int else arm for arm in value]
    return [long_arm(arm) for arm in value]
