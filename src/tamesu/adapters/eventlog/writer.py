"""Writing into a folder of segments, beside other processes that do.

Inside the gate: find where the log ends (what is remembered will do if nobody else was inside
since), start a new segment if the newest is full or old, stamp, insert. Refuses to write where it
does not know what came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.adapters.eventlog import segments
from tamesu.adapters.eventlog.gate import Gate
from tamesu.adapters.eventlog.segment import Segment
from tamesu.adapters.eventlog.shelf import Shelf
from tamesu.base import Bug, Corrupt, Draft
from tamesu.ports import Clock, Receipt


class Writer:
    """The one writer of a process. One thread at a time.

    Args:
        folder: of the log.
        clock: stamps `received`.
        segment_bytes: size from which a segment is full.
        segment_ms: age of its first entry from which it is, too.
        patience_s: longest wait for other processes.
    """

    def __init__(
        self, folder: Path, clock: Clock, segment_bytes: int, segment_ms: int, patience_s: float
    ) -> None:
        self._folder, self._clock = folder, clock
        self._segment_bytes, self._segment_ms = segment_bytes, segment_ms
        self._patience_s = patience_s
        self._shelf = Shelf(folder, 1)
        self._gate: Gate | None = None
        self._newest: int | None = None  # the first offset of the segment last written to
        self._last: tuple[int, int] | None = None  # offset and received of the last entry, if known

    def append(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Appends `drafts` in one transaction.

        After a failure everything is opened anew, so the next append works once the cause is gone.

        Raises:
            Unavailable: the disk is full or read-only, another process was inside the gate for too
                long, or a file was removed or replaced.
            Corrupt: the newest segment is damaged, or does not follow the one before.
            OSError: the folder cannot be used.
        """
        gate, alone = self._inside()
        try:
            try:
                return self._append(drafts, remembered=alone)
            finally:
                gate.give()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes what is open; the next append opens it anew."""
        self._last = None
        self._shelf.clear()
        if self._gate is not None:
            self._gate.close()
            self._gate = None

    def _inside(self) -> tuple[Gate, bool]:
        """The gate, taken, and whether nobody else was inside since we were.

        Who has waited too long keeps its place in line for the next append.
        """
        try:
            gate = self._gate = self._gate or self._open_gate()
            return gate, gate.take()
        except OSError:
            self.close()
            raise

    def _open_gate(self) -> Gate:
        if self._newest is not None:
            self._shelf.segment(self._newest)  # refuses a folder that was taken away
        make_folder(self._folder)
        return Gate(self._folder, self._patience_s)

    def _append(self, drafts: Sequence[Draft], *, remembered: bool) -> list[Receipt]:
        segment, last = self._where(remembered=remembered)
        received = max(self._clock.now() // 1_000, last[1])
        start = last[0] + 1
        if self._is_over(segment, received):
            segment.seal()
            segments.make(self._folder, start)
            segment = self._open(start)
        segment.insert([(offset, received, *draft) for offset, draft in enumerate(drafts, start)])
        self._last = (start + len(drafts) - 1, received)
        segment.tend()
        return [Receipt(0, offset, received) for offset in range(start, start + len(drafts))]

    def _is_over(self, segment: Segment, received: int) -> bool:
        if segment.born is None:
            return False
        return segment.bytes >= self._segment_bytes or received - segment.born >= self._segment_ms

    def _where(self, *, remembered: bool) -> tuple[Segment, tuple[int, int]]:
        """The newest segment, and offset and received of the log's last entry."""
        segment = None if self._newest is None else self._shelf.segment(self._newest)
        if segment is not None:
            last = self._last if remembered and self._last is not None else segment.last()
            if last is not None and (remembered or not self._goes_on(last[0] + 1)):
                return segment, last
        return self._look_around()

    def _goes_on(self, end: int) -> bool:
        return segments.path_of(self._folder, end).exists()

    def _look_around(self) -> tuple[Segment, tuple[int, int]]:
        if not (firsts := segments.found(self._folder)):
            segments.make(self._folder, 0)
            firsts = [0]
        segment = self._open(firsts[-1])
        last = segment.last()
        if last is None:
            # Made by somebody who died before the first insert, and maybe before its name was durable.
            sync_folder(self._folder)
            last = (segment.first - 1, 0) if len(firsts) == 1 else self._last_of(firsts[-2])
            segment = self._open(firsts[-1])
        if last[0] + 1 < segment.first:
            raise Corrupt(
                f"{segment.path} must follow the segment before it, that ends at offset "
                f"{last[0] + 1:,}",
                hint="bring back what is missing in between, or restore the folder from a backup",
                path=str(segment.path),
            )
        return segment, last

    def _last_of(self, first: int) -> tuple[int, int]:
        return self._open(first).last() or (first - 1, 0)

    def _open(self, first: int) -> Segment:
        self._newest = first
        segment = self._shelf.segment(first)
        if segment is None:
            raise Bug(f"the newest segment of {self._folder} was retired")
        return segment
