"""`Arm`: one thing that may be chosen, and what every list of arms must hold.

Refuses to know whether an arm is active: that is a roster's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import msgspec

from tamesu.base.errors import InvalidDeclaration, InvalidInput

MAX_ARMS = 100_000
MAX_ID_CHARS = 200
MAX_METADATA_BYTES = 4_096
MAX_FEATURES_BYTES = 65_536


class Arm(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One thing that may be chosen.

    Attributes:
        id: 1 to 200 printable characters.
        metadata: whatever its team wants to find beside it, as plain JSON of at most 4 KiB; it
            changes no decision.
        features: what `arm_features` of its declaration asks for, by name; a belief may learn from it.
    """

    id: str
    metadata: dict[str, Any] = {}
    features: dict[str, Any] = {}


def check_number(arms: Sized, error: type[InvalidInput] = InvalidDeclaration) -> None:
    """Refuses more arms than a bandit may have: before they are looked at one by one.

    Raises:
        InvalidInput: as said, or the kind of it that `error` is.
    """
    if len(arms) > MAX_ARMS:
        raise error(f"arms must hold 1 to {MAX_ARMS:,} ids, got {len(arms):,}")


def long_arm(arm: Any) -> Any:
    """`a` is short for `{id: a}`; numbers are taken as their text."""
    if isinstance(arm, int) and not isinstance(arm, bool):
        return {"id": str(arm)}
    return {"id": arm} if isinstance(arm, str) else arm


def check_ids(ids: Iterable[str], error: type[InvalidInput] = InvalidDeclaration) -> None:
    """Refuses ids that cannot be, and one that stands twice.

    Raises:
        InvalidInput: as said, or the kind of it that `error` is.
    """
    seen: set[str] = set()
    for arm in ids:
        if not (0 < len(arm) <= MAX_ID_CHARS and arm.isprintable()):
            got = f"{len(arm)} characters" if len(arm) > MAX_ID_CHARS else repr(arm)
            raise error(f"an arm id must have 1 to {MAX_ID_CHARS} printable characters, got {got}")
        if arm in seen:
            raise error(f"arm ids must be unique, got {arm!r} twice")
        seen.add(arm)


def check_metadata(
    arm: str, metadata: dict[str, Any], error: type[InvalidInput] = InvalidDeclaration
) -> None:
    """Refuses metadata that is no plain JSON, or too much of it.

    Raises:
        InvalidInput: as said, or the kind of it that `error` is.
    """
    _check_json(arm, "metadata", metadata, MAX_METADATA_BYTES, error)


def check_features(
    arm: str, features: dict[str, Any], error: type[InvalidInput] = InvalidDeclaration
) -> None:
    """Refuses features that are no plain JSON, or too many; whether they fit is the encoder's business.

    Raises:
        InvalidInput: as said, or the kind of it that `error` is.
    """
    _check_json(arm, "features", features, MAX_FEATURES_BYTES, error)


def _check_json(
    arm: str, what: str, data: dict[str, Any], most: int, error: type[InvalidInput]
) -> None:
    if not data:
        return
    try:
        body = msgspec.json.encode(data)
        same = msgspec.json.decode(body) == data
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        body, same = b"", False
    if not same:
        raise error(
            f"{what} must be plain JSON (objects, lists, texts, finite numbers), that of arm "
            f"{arm!r} is not",
            hint="write dates and the like as text",
        )
    if len(body) > most:
        raise error(
            f"{what} may have {most:,} bytes of JSON, that of arm {arm!r} has {len(body):,}",
            hint="keep large things elsewhere, under the arm's id",
        )
