"""`Checkpoint`: how far a join has come, in a few bytes.

It holds no open funnel: replay from low water rebuilds those from the log, silently. Refuses to
hold state that the log can give again.
"""

from __future__ import annotations

import msgspec

from tamesu.base import Corrupt, Time

VERSION = 1


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far the join has come in one partition.

    Attributes:
        low: the first offset that an open funnel still needs; replay starts here.
        read: the offset after the last entry read; from here on entries are new.
        newest: `received` (ms) of the newest entry read, none before the first.
    """

    low: int = 0
    read: int = 0
    newest: int | None = None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a join as of one `Fold.advance`.

    Attributes:
        marks: one per partition; none at the very beginning.
        watermark: everything due up to here was emitted; none before every partition was heard of.
    """

    marks: tuple[Mark, ...] = ()
    watermark: int | None = None
    v: int = VERSION

    @property
    def offsets(self) -> tuple[int, ...]:
        """Per partition the offset to read from: its low water; empty at the very beginning."""
        return tuple(mark.low for mark in self.marks)

    @property
    def time(self) -> Time | None:
        """The watermark as a time."""
        return None if self.watermark is None else Time(self.watermark)

    def to_bytes(self) -> bytes:
        """Bytes that `from_bytes` reads; equal checkpoints have equal bytes."""
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Checkpoint:
        """The checkpoint in `data`; no bytes mean the very beginning.

        Raises:
            Corrupt: not the bytes of a checkpoint.
        """
        if not data:
            return cls()
        try:
            checkpoint = msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError as error:
            raise Corrupt(f"a join's checkpoint cannot be read: {error}") from error
        if checkpoint.v != VERSION:
            raise Corrupt(
                f"a join's checkpoint must be of version {VERSION}, got version {checkpoint.v}",
                hint="it was written by another version of Tamesu",
            )
        return checkpoint
