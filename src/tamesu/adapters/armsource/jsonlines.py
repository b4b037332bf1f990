"""Arms from JSON lines: in each line an object with `id`, or the id alone.

Blank lines are none. Refuses a file that is one JSON array: it is read by lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tamesu.adapters.armsource.files import text_of
from tamesu.adapters.armsource.rows import arms_of
from tamesu.base import InvalidInput, WantedArm


class JsonLinesArmSource:
    """The arms of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def read(self) -> list[WantedArm]:
        """Every arm; see `tamesu.ports.ArmSource.read`. Places are lines of the file."""
        return arms_of(self._rows(), self.name, unit="line")

    def _rows(self) -> Iterator[tuple[int, Any]]:
        for line, text in enumerate(text_of(self._path).split("\n"), 1):
            if not text.strip():
                continue
            try:
                row = msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError) as error:
                raise InvalidInput(f"line {line:,} of {self.name}: {error}") from error
            if isinstance(row, dict) and "id" not in row:
                raise InvalidInput(f"line {line:,} of {self.name}: it must have the field 'id'")
            yield line, row
