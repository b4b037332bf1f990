"""A finding: what one check found, and what to do about it. Refuses to be raised: it is told."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """What one check found.

    Attributes:
        check: what was looked at.
        well: whether it is as it must be.
        found: what is there.
        hint: what to do about it; where all is well, what to know about it. Empty if nothing.
    """

    check: str
    well: bool
    found: str
    hint: str = ""
