"""Which log a command is asked about, in words that commands share: a bandit's own archive, a file, the Open Bandit Dataset.

Refuses words that say nothing of the log in question: they would change nothing, and nobody would see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tamesu.engine import ArchivedDecisions
    from tamesu.evaluate import Logged

OPEN_BANDIT = "open-bandit"

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="The log: a bandit's name, a file (.csv, .parquet, .npz, .dsjson), or open-bandit.",
    ),
]

Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Of a bandit: leave out decisions made before.",
        show_default="the beginning",
    ),
]

Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Of a bandit: cut its log here; nothing that came later is known.",
        show_default="all that was joined",
    ),
]

Campaign = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of open-bandit: all, men or women.", show_default="all"),
]

LoggedBy = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of open-bandit: random or bts.", show_default="random"),
]


@dataclass(frozen=True, kw_only=True)
class Where:
    """The log that is asked for.

    Attributes:
        source: a bandit's name, a file, or `OPEN_BANDIT`.
        data: the folder of an installation, if said.
        since: decisions of a bandit before are left out.
        until: what was told of a bandit later is left out.
        campaign, logged_by: of the Open Bandit Dataset.
    """

    source: str
    data: str | None = None
    since: str | None = None
    until: str | None = None
    campaign: str | None = None
    logged_by: str | None = None

    @property
    def is_open_bandit(self) -> bool:
        """Whether it is the Open Bandit Dataset."""
        return self.source == OPEN_BANDIT

    @property
    def file(self) -> Path | None:
        """Where it is a file; none where it is none. A bandit's name has no ending."""
        path = Path(self.source)
        is_file = not self.is_open_bandit and bool(path.suffix or path.is_file())
        return path if is_file else None

    def refuse_idle(self, **of_archives: object) -> None:
        """Refuses what was said of another kind of log.

        Args:
            of_archives: more words that an archive alone has an answer to; none of what was not said.

        Raises:
            InvalidInput: as said; or a log without a name.
        """
        from tamesu.base import InvalidInput

        if not self.source:
            raise InvalidInput("a log must have a name, got an empty one")
        archive = {"since": self.since, "until": self.until, "data": self.data, **of_archives}
        dataset = {"campaign": self.campaign, "logged-by": self.logged_by}
        of_file = self.file is not None
        idle = {} if self.is_open_bandit else dict.fromkeys(dataset, OPEN_BANDIT)
        if of_file or self.is_open_bandit:
            idle |= dict.fromkeys(archive, "a bandit's own archive")
        for word, kind in idle.items():
            if (archive | dataset)[word] is not None:
                raise InvalidInput(
                    f"--{word} is for {kind}, and {self.source!r} is another log",
                    hint=f"leave --{word} out",
                )


@contextmanager
def archived(where: Where) -> Iterator[tuple[ArchivedDecisions, Logged]]:
    """A bandit's archive while it is open, and the decisions that were asked for out of it, read with progress.

    Raises:
        NotFound: no installation, or no such bandit.
        NoSupport: nothing is known to its end yet.
    """
    from tamesu.base import Time
    from tamesu.cli.output import progress
    from tamesu.wiring import load_settings, open_decisions

    first, last = (
        None if time is None else Time.parse(time) for time in (where.since, where.until)
    )
    with open_decisions(load_settings({"data": where.data}), where.source) as decisions:
        with progress("reading the archive", "rows", decisions.rows) as tell:
            logged = decisions.logged(first, last, tell)
        yield decisions, logged
