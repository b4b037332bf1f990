"""Arms from a Parquet file, by Polars. Refuses to read columns of bytes: they are no JSON."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from tamesu.adapters.armsource.files import bytes_of
from tamesu.adapters.armsource.rows import arms_of, check_columns
from tamesu.base import InvalidInput, WantedArm
from tamesu.base.arm import MAX_ARMS


class ParquetArmSource:
    """The arms of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def read(self) -> list[WantedArm]:
        """Every arm; see `tamesu.ports.ArmSource.read`. Places are rows from 1."""
        try:
            frame = pl.read_parquet(io.BytesIO(bytes_of(self._path)), n_rows=MAX_ARMS + 1)
        except pl.exceptions.PolarsError as error:
            raise InvalidInput(f"{self.name} must be a Parquet file: {error}") from error
        check_columns(frame.columns, self.name)
        return arms_of(enumerate(frame.iter_rows(named=True), 1), self.name)
