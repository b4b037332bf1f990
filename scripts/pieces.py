"""What the generated pages of the reference are made of: tables, defaults as written, meanings."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

import msgspec

NOTE = "<!-- written by `make reference`; edit the structs or scripts/reasons.py instead -->"


def meanings(*shapes: type) -> dict[str, str]:
    """Field to meaning, from the `Attributes` of docstrings; later shapes win."""
    found: dict[str, str] = {}
    for shape in shapes:
        _, _, listed = inspect.cleandoc(shape.__doc__ or "").partition("Attributes:\n")
        for entry in re.split(r"\n(?=    \S)", "\n" + listed.split("\n\n")[0]):
            names, colon, text = entry.partition(":")
            if colon:
                for name in names.split(","):
                    found[name.strip()] = " ".join(text.split()).removesuffix(".")
    return found


def spelt(value: Any) -> str:
    """A default as it would be written."""
    if value is None:
        return "none"
    if value == "":
        return "empty"
    plain = msgspec.to_builtins(value, enc_hook=_plain)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    return f"`{text}`"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    for row in (head, ("---",) * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, PurePath) else value.text()
