"""What every law of an archive needs: an archive that is made, its files, and records to put there.

Refuses to hold a law.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st

from tamesu.base import Aside, Entry, SetAside
from tamesu.ports import Archive, ArchiveFile, Kept

DAMAGES = 15
"""Places of a file at which it is cut off, and at which a bit of it is turned."""

_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


class ArchiveBound:
    """An adapter bound to laws; see `ArchiveContract` for its attributes."""

    durable: ClassVar[bool] = True

    def make(self, place: Path) -> Archive:
        """An archive at `place`, new if nothing is there."""
        raise NotImplementedError

    def path(self, place: Path, file: ArchiveFile) -> Path | None:
        """Where the bytes of a file lie that was written at `place`, none where there are none."""
        raise NotImplementedError


@st.composite
def records(draw: st.DrawFn, partition: int = 0) -> list[Entry]:
    """1 to 9 entries of a partition in log order, with any keys, kinds and bodies."""
    offsets = sorted(draw(st.sets(st.integers(0, (1 << 63) - 2), min_size=1, max_size=9)))
    received = draw(st.integers(0, (1 << 52)))
    keys = st.sampled_from(draw(st.lists(_TEXT, min_size=1, max_size=3)))
    return [
        Entry(partition, offset, received, draw(keys), draw(_TEXT), draw(st.binary(max_size=9)))
        for offset in offsets
    ]


@st.composite
def set_aside(draw: st.DrawFn, bandit: str = "home") -> list[Kept]:
    """1 to 9 records of one bandit that were set aside, in any order, for any reasons."""
    rows = draw(st.lists(st.sampled_from(draw(records(partition=2))), min_size=1, max_size=9))
    return [aside(entry, bandit, draw(st.sampled_from(list(Aside))), draw(_TEXT)) for entry in rows]


def aside(entry: Entry, bandit: str = "home", why: Aside = Aside.ORPHAN, reason: str = "") -> Kept:
    """`entry`, set aside."""
    told = SetAside(
        why=why,
        bandit=bandit,
        partition=entry.partition,
        offset=entry.offset,
        key=entry.key,
        reason=reason,
    )
    return Kept(told, entry)


def entry(offset: int, key: str = "", partition: int = 0) -> Entry:
    """An event, received a second for each offset after the first."""
    return Entry(partition, offset, 1_000 * (1 + offset), key, "event", b"%d" % offset)


def damaged(whole: bytes) -> list[bytes]:
    """`whole` cut off in many places, with a bit turned in many places, and with more behind it."""
    step = max(len(whole) // DAMAGES, 1)
    places = range(0, len(whole), step)
    torn = [whole[:size] for size in places]
    turned = [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in places]
    return [*torn, *turned, whole + b"\0"]
