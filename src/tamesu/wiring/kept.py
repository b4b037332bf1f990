"""What an installation has kept, opened to be looked at while its servers run or not.

Refuses a folder in which nothing was ever kept: a command that only looks makes none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tamesu.base import NotFound
from tamesu.ports import Aggregates, Archive, Store
from tamesu.wiring.integrity import refuse_older
from tamesu.wiring.places import open_archive, open_log, open_store
from tamesu.wiring.settings import Settings

if TYPE_CHECKING:
    from tamesu.engine import WholeLog
    from tamesu.serve.core.asides import Asides


@contextlib.contextmanager
def open_kept(settings: Settings) -> Iterator[tuple[Store, Archive]]:
    """Store and archive of an installation that is there; closed at the end.

    Raises:
        NotFound: nothing was ever kept in its folder.
        Unavailable: an older version of Tamesu made it, or it cannot be opened.
        Corrupt: it cannot be read.
    """
    path = settings.folder / "store.sqlite3"
    if not path.exists():
        raise NotFound(
            f"the data folder {str(settings.folder)!r} must hold a store, it does not",
            hint="say where the data is:  --data DIR",
            folder=str(settings.folder),
        )
    refuse_older(path)
    with contextlib.closing(open_store(settings)) as store:
        yield store, open_archive(settings)


@contextlib.contextmanager
def open_past(settings: Settings) -> Iterator[tuple[Store, WholeLog]]:
    """Store and log of an installation, the log as far back as its archive goes; raises as `open_kept`."""
    from tamesu.engine import WholeLog

    with (
        open_kept(settings) as (store, archive),
        contextlib.closing(open_log(settings)) as log,
    ):
        yield store, WholeLog(log, store, archive)


@contextlib.contextmanager
def open_asides(settings: Settings) -> Iterator[Asides]:
    """What was set aside in an installation; raises as `open_kept`."""
    from tamesu.serve.core.asides import Asides

    with open_kept(settings) as (store, archive):
        yield Asides(store, archive)


def open_aggregates(settings: Settings) -> Aggregates:
    """Sums of what the archive of this installation holds."""
    from tamesu.adapters.archive.aggregates import ParquetAggregates

    return ParquetAggregates(settings.folder / "aggregates")
