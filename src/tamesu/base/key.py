"""`Key`: who may call, what they may do and how often; and how a secret is told and kept.

A secret has 256 random bits, so one round of SHA-256 keeps it: there is nothing to guess, and a slow
hash would only slow every request. Refuses to draw secrets and to know where keys are kept.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

import msgspec

from tamesu.base.times import Time

PREFIX = "tamesu_"
"""What every secret starts with, so that a scanner of repositories finds one."""

_START = PREFIX.rstrip("_").encode()
_PARTS = 3

MOST_TEXT = 120
"""Most characters that may be a secret; ours have 63."""


class Scope(StrEnum):
    """What a key may be used for; none includes another, but that `admin` sees metrics."""

    DECIDE = "decide"
    TRACK = "track"
    ADMIN = "admin"
    METRICS = "metrics"


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """One secret of a key, as it is kept: not the secret.

    Attributes:
        id: names it in its own text; public.
        digest: SHA-256 of its random part, hexadecimal.
        made: when it was drawn.
        until: when it stops to be valid; none for one that was not rotated.
    """

    id: str
    digest: str
    made: Time
    until: Time | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call.

    Attributes:
        name: for people, and for the messages of a server; no two keys have the same.
        scopes: what for; at least one.
        place: where its rate is counted, a number that no other key has.
        rate: most calls a second over all servers of an installation; none for no limit.
        secrets: the newest last; more than one while a rotation lasts.
    """

    name: str
    scopes: tuple[Scope, ...]
    place: int
    rate: int | None = None
    secrets: tuple[Secret, ...] = ()


def spell(identity: str, random: str) -> str:
    """The text of a secret, as its owner has it: its public id, then its random part."""
    return f"{PREFIX}{identity}_{random}"


def spelt(text: bytes) -> tuple[bytes, bytes] | None:
    """Id and random part of a secret's text; none for what is no secret."""
    parts = text.split(b"_", 2)
    if len(parts) != _PARTS or parts[0] != _START or len(text) > MOST_TEXT:
        return None
    _, identity, random = parts
    return (identity, random) if identity and random else None


def digest(random: str) -> str:
    """What is kept of the random part of a secret."""
    return hashlib.sha256(random.encode()).hexdigest()


def is_secret(random: bytes, kept: bytes) -> bool:
    """Whether `kept` are the bytes of the digest of `random`; takes as long whichever byte differs."""
    return hmac.compare_digest(hashlib.sha256(random).digest(), kept)
