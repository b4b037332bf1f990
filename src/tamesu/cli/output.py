"""What a command gives: JSON on request, else text and tables made for a person.

Results go to stdout; progress and errors to stderr, so that pipes see results alone. Refuses to
colour anything when nobody is looking: Rich decides by the terminal and `NO_COLOR`.
"""

from __future__ import annotations

import json as json_text
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table


def write_json(data: Any) -> None:
    """Prints `data` on stdout as indented JSON."""
    sys.stdout.write(f"{_json(data, indent=2)}\n")


def write_line(data: Any) -> None:
    """Prints `data` on stdout as one line of JSON, at once."""
    sys.stdout.write(f"{_json(data)}\n")
    sys.stdout.flush()


def _json(data: Any, indent: int | None = None) -> str:
    from tamesu.base import plain

    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json_text.dumps(plain(data), indent=indent, ensure_ascii=not unicode, allow_nan=False)


def console() -> Console:
    """Where results for people go: stdout. What names say is printed as it is, `:a:` and `[b]` too."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, markup=False, emoji=False)


def progress_console() -> Console:
    """Where progress goes: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def refuse_unwritable(path: Path, what: str) -> None:
    """Refuses a file in a folder that takes none: better said before than after hours.

    Raises:
        Unavailable: as said.
    """
    from tamesu.base import Unavailable

    if not os.access(path.parent, os.W_OK):
        raise Unavailable(
            f"{what} cannot be written to {path}: its folder is not there, or takes no files",
            hint="name another file",
        )


@contextmanager
def progress(doing: str, things: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how many of `total` things are done, as told to what it gives; gone at the end.

    Args:
        doing: what goes on, such as `looking back`.
        things: what is counted, such as `records`.
        total: of them.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    screen = progress_console()
    bar = Progress(
        TextColumn(doing.replace("{", "{{").replace("}", "}}"), markup=False),
        BarColumn(),
        TextColumn(f"{{task.completed:,}} of {{task.total:,}} {things}"),
        TimeRemainingColumn(compact=True),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table with a title, whose widest columns give way where the terminal is narrow.

    They wrap: nothing is cut off, for a word that is cut off is another word.

    Args:
        title: printed above it.
        columns: names; one that starts with `>` is aligned to the right. All empty: no header.
        rows: a cell per column.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="bold",
        show_header=any(name.strip(">") for name in columns),
        pad_edge=False,
    )
    for name in columns:
        made.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(Text(str(cell)) if not isinstance(cell, Text) else cell for cell in row))
    return made
