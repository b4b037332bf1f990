"""The clauses of a declaration beside its reward: parts, batch, newcomers, forgetting, stickiness.

Refuses to judge what they say: `Declaration` does, who knows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.times import MILLISECOND_US, Duration

RANDOM = "random"
"""The fallback that chooses evenly among the eligible arms."""

OFF = "off"
"""No cap on newcomers; nothing is forgotten."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A belief, an explorer or a layout by name, with its own options as plain data."""

    kind: str
    options: dict[str, Any] = {}

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Part:
        """The part that `{kind: ..., **options}` names."""
        options = {name: value for name, value in written.items() if name != "kind"}
        return cls(kind=written["kind"], options=options)

    def plain(self) -> dict[str, Any]:
        """`{kind: ..., **options}`, as it is written."""
        return {"kind": self.kind, **self.options}


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a micro-batch closes: at `size` observations or after `every`, whichever is first."""

    size: int = 500
    every: Duration = Duration(500 * MILLISECOND_US)


class Newcomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the probability arms that are hardly known get together, beside known ones.

    Attributes:
        share: at most, in (0, 1).
        until: an arm with fewer observations is a newcomer.
    """

    share: float = 0.2
    until: int = 20


class Forgetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was learnt of a decision counts half as much `half_life` later."""

    half_life: Duration


class Sticky(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit gets the same decision again for `ttl`."""

    ttl: Duration
