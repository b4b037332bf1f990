"""`SetAside`: a record of the log that no observation was made of, and why.

Set aside is not lost: it is counted, kept in the archive, listed and exported. Refuses to say more
than why: what to do about it is for people.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Aside(StrEnum):
    """Why a record is set aside."""

    POISON = "poison"
    """It cannot be read, or says what cannot be."""
    TOO_OLD = "too_old"
    """An event whose time lies further back than is believed."""
    ORPHAN = "orphan"
    """An event whose decision did not come by its last moment."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """One record set aside.

    Attributes:
        why: the class.
        bandit: whose it is, empty where that cannot be read.
        partition, offset: where it stands in the log.
        key: the entry's.
        reason: in words, for people.
    """

    why: Aside
    bandit: str
    partition: int
    offset: int
    key: str
    reason: str
