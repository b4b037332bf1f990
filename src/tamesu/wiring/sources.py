"""Where arms come from, by how people write it: a file, a database, a function.

Refuses what it cannot tell apart: a guess would sync something else.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import InvalidInput
from tamesu.ports import ArmSource

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "env:"
"""`env:NAME`: the source stands in a variable, so that a password stands in no list of processes."""

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_KNOWN = "FILE.csv, FILE.parquet, FILE.jsonl, a URL of SQLAlchemy with --query, module:function, env:NAME"


def open_source(
    text: str,
    query: str | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ArmSource:
    """The source that `text` names.

    Args:
        text: as people write it.
        query: for a database.
        folder: what relative paths are relative to; the present one by default.
        environment: variables; the process's own by default.

    Raises:
        InvalidInput: nothing that is known, or a query where none belongs.
        MissingExtra: the database's driver is not installed.
        NotFound: no such database.
    """
    if text.startswith(ENVIRONMENT):
        name = text.removeprefix(ENVIRONMENT)
        value = (os.environ if environment is None else environment).get(name)
        if not value:
            raise InvalidInput(f"the variable {name!r} must hold a source of arms, it holds none")
        text = value
    if "://" in text:
        if not query:
            raise InvalidInput(
                "a database needs a query that gives its arms, got none",
                hint='for example  --query "SELECT id, title FROM products WHERE live"',
            )
        from tamesu.adapters.armsource.sql import SqlArmSource

        return SqlArmSource(text, query)
    if query:
        raise InvalidInput(f"a query belongs to a database, got {text[:80]!r}", field="query")
    return _file_or_function(text, Path() if folder is None else folder)


def _file_or_function(text: str, folder: Path) -> ArmSource:
    path = folder / text
    match path.suffix.lower():
        case ".csv":
            from tamesu.adapters.armsource.csv import CsvArmSource

            return CsvArmSource(path)
        case ".parquet":
            from tamesu.adapters.armsource.parquet import ParquetArmSource

            return ParquetArmSource(path)
        case ".jsonl" | ".ndjson":
            from tamesu.adapters.armsource.jsonlines import JsonLinesArmSource

            return JsonLinesArmSource(path)
    if _FUNCTION.fullmatch(text):
        from tamesu.adapters.armsource.function import FunctionArmSource

        return FunctionArmSource(text)
    raise InvalidInput(f"a source of arms must be one of {_KNOWN}, got {text[:80]!r}")
