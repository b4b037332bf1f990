"""Rebuilding: an installation's log and archive, ready to be learnt from once more.

It reads beside a system that runs and changes nothing of it. Refuses a store that is not there, and one
that opening would change.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import Conflict, Unavailable
from tamesu.wiring.integrity import refuse_older
from tamesu.wiring.places import open_archive, open_log, open_store
from tamesu.wiring.settings import Settings

if TYPE_CHECKING:
    from tamesu.engine import Replay, Source, View
    from tamesu.ports import Store


class RecordsFrom(StrEnum):
    """Where the records of a replay come from."""

    BOTH = "both"
    """From the log, and from the archive what was retired of it."""
    LOG = "log"
    """From the log alone, which must have its beginning."""
    ARCHIVE = "archive"
    """From the archive alone, as far as it goes."""


@dataclass(frozen=True)
class Rebuilding:
    """A replay that may begin.

    Attributes:
        replay: at the beginning.
        then: what it is to come to.
        until: per partition the offset that it goes to.
        store: of the installation.
    """

    replay: Replay
    then: View
    until: tuple[int, ...]
    store: Store

    @property
    def is_whole(self) -> bool:
        """Whether it goes as far as the trainer has come."""
        return self.until == self.then.read

    def write(self, folder: Path) -> None:
        """Writes a store with what was rebuilt into a new `folder`, once the replay has run.

        Raises:
            Conflict: the folder is there; or the trainer went on meanwhile, and no folder is left.
            Unavailable: the folder cannot be made.
        """
        from tamesu.adapters.clock.system import SystemClock
        from tamesu.adapters.store.sql import SqlStore
        from tamesu.engine import rewrite

        refuse_existing(folder)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise Unavailable(
                f"the folder {str(folder)!r} must be one that can be made: {error.strerror}",
                hint="choose another with --out",
            ) from error
        try:
            with contextlib.closing(SqlStore(folder / "store.sqlite3")) as fresh:
                rewrite(self.replay, self.then, self.store, fresh, SystemClock().now())
        except BaseException:
            shutil.rmtree(folder)  # half a store is none, and would be in the way of the next try
            raise


def refuse_existing(folder: Path) -> None:
    """Lets nothing be written over.

    Raises:
        Conflict: there is something of this name.
    """
    if folder.exists():
        raise Conflict(
            f"what is written must be a folder that is not there yet, {str(folder)!r} is",
            hint="choose another; nothing is written over",
        )


@contextlib.contextmanager
def rebuilding(
    settings: Settings, bandit: str | None, records: RecordsFrom = RecordsFrom.BOTH
) -> Iterator[Rebuilding]:
    """What `bandit`, or all, are rebuilt with; open while it is needed.

    Raises:
        NotFound: there is no such bandit.
        Unavailable: there is no store yet, or an older version of Tamesu made it.
    """
    from tamesu.engine import ArchivedLog, Replay, WholeLog, view

    path = settings.folder / "store.sqlite3"
    if not path.exists():
        raise Unavailable(
            f"the data folder must hold a store, there is no {path}",
            hint="name the folder of an installation with --data",
        )
    refuse_older(path)
    with (
        contextlib.closing(open_log(settings)) as log,
        contextlib.closing(open_store(settings)) as store,
    ):
        archive = open_archive(settings)
        then = view(store, bandit)
        source: Source
        if records is RecordsFrom.LOG:
            source = log
        elif records is RecordsFrom.ARCHIVE:
            source = ArchivedLog(store, archive)
        else:
            source = WholeLog(log, store, archive)
        until = then.read
        if records is RecordsFrom.ARCHIVE:
            ends = [source.end(partition) for partition in range(len(until))]
            until = tuple(min(pair) for pair in zip(until, ends, strict=True))
        yield Rebuilding(Replay(source, store, then, bandit), then, until, store)
