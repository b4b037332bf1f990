"""Tables that people give: CSV and Parquet files with a row a line. Refuses to know what their columns mean."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tamesu.base import InvalidInput


def given_table(path: Path) -> pl.DataFrame:
    """The rows of a `.parquet` file as they are; of any other as CSV, all of whose columns are texts.

    Raises:
        InvalidInput: no such file, or one that does not read.
    """
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise InvalidInput(
            f"{path} must be a CSV or Parquet file that can be read: {problem}"
        ) from problem
