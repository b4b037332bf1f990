"""Arms from a CSV file: RFC 4180, UTF-8, a first line that names the columns.

Cells are texts, since CSV has no types, and an empty one is left out; numbers in metadata need a column
`metadata` of JSON, or another kind of file. Refuses rows with more or fewer cells than columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from tamesu.adapters.armsource.files import text_of
from tamesu.adapters.armsource.rows import arms_of, check_columns
from tamesu.base import InvalidInput, WantedArm


class CsvArmSource:
    """The arms of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def read(self) -> list[WantedArm]:
        """Every arm; see `tamesu.ports.ArmSource.read`. Places are lines of the file."""
        return arms_of(_rows(text_of(self._path), self.name), self.name, unit="line")


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str | None]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        columns = next(reader, None)
        if columns is None:
            raise InvalidInput(f"line 1 of {name}: it must name the columns, it is empty")
        check_columns(columns, name)
        line = reader.line_num + 1
        for cells in reader:
            if cells:  # a blank line is none
                _check_number(cells, columns, f"line {line:,} of {name}")
                pairs = zip(columns, cells, strict=True)
                yield line, {column: cell or None for column, cell in pairs}
            line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(f"line {line:,} of {name}: {error}") from error


def _check_number(cells: list[str], columns: list[str], where: str) -> None:
    if len(cells) != len(columns):
        raise InvalidInput(
            f"{where}: it must have {len(columns)} cells, as many as columns, got {len(cells)}",
            hint="a cell that holds a comma stands in double quotes",
        )
