"""Where things live on one machine: the data folder, opened as ports.

Adapters are imported when they are opened, so that a command that needs none loads none. Refuses to
open what cannot be used: the error comes here, before any work.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import Unavailable
from tamesu.ports import Archive, Cache, EventLog, Features, Store
from tamesu.wiring.settings import OPEN_BANDIT_VARIABLE, Settings

if TYPE_CHECKING:
    from tamesu.adapters.eventlog.sqlite import SqliteEventLog
    from tamesu.adapters.meter.prometheus import PrometheusMeter
    from tamesu.serve import UnitNames
    from tamesu.serve.http import Allowances
    from tamesu.wiring.key_file import KeyFile


def open_folder(settings: Settings) -> Path:
    """The data folder of this installation, made if it is not there.

    Raises:
        Unavailable: it cannot be made or written.
    """
    folder = settings.folder
    try:
        (folder / "log").mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)  # another role may look at the same moment
    except OSError as error:
        raise Unavailable(
            f"the data folder {str(folder)!r} must be writable, it is not: {error.strerror}",
            hint="mend its permissions or its disk, or choose another with --data",
        ) from error
    return folder


def open_log(settings: Settings) -> EventLog:
    """The event log of this installation."""
    return _sqlite_log(settings)


def open_store(settings: Settings) -> Store:
    """The store of this installation."""
    from tamesu.adapters.store.sql import SqlStore

    return SqlStore(open_folder(settings) / "store.sqlite3")


def open_archive(settings: Settings) -> Archive:
    """The archive of this installation."""
    from tamesu.adapters.archive.parquet import ParquetArchive

    return ParquetArchive(open_folder(settings) / "archive")


def open_cache(settings: Settings) -> Cache:
    """What the servers of this installation remember request ids in.

    A supervisor says which; a server started by hand may have others beside it, and shares.
    """
    if settings.cache == "memory":
        from tamesu.adapters.cache.memory import MemoryCache

        return MemoryCache()
    from tamesu.adapters.cache.sqlite import SqliteCache

    return SqliteCache(open_folder(settings) / "cache.sqlite3")


def open_features(settings: Settings) -> Features:
    """What is known of the units of this installation."""
    from tamesu.adapters.features.sqlite import SqliteFeatures

    return SqliteFeatures(open_folder(settings) / "features.sqlite3")


def open_meter(settings: Settings, process: str) -> PrometheusMeter:
    """The meter of this process, called `process`; it shows what all of this installation measure."""
    from tamesu.adapters.meter.prometheus import PrometheusMeter

    return PrometheusMeter(_meter_folder(settings), process)


def clear_meter(settings: Settings) -> None:
    """Forgets what processes that have ended measured; those that live go on."""
    from tamesu.adapters.meter.pages import Pages

    Pages(_meter_folder(settings)).clear()


def open_keys(settings: Settings) -> KeyFile:
    """Who may call this installation; the file need not be there."""
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.wiring.key_file import KeyFile

    return KeyFile(settings.folder / settings.keys, SystemClock().now)


def open_allowances(settings: Settings) -> Allowances:
    """Where all servers of this installation count how often keys call.

    Raises:
        Unavailable: it cannot be made.
    """
    from tamesu.serve.http import Allowances

    path = open_folder(settings) / "allowances.page"
    try:
        with path.open("a+b") as file:
            file.truncate(Allowances.BYTES)
            return Allowances(mmap.mmap(file.fileno(), Allowances.BYTES))
    except OSError as error:
        raise Unavailable(
            f"{path} must be writable: {error.strerror}",
            hint="mend the folder's permissions or its disk",
        ) from error


def open_unit_names(settings: Settings) -> UnitNames:
    """What units are called in this installation; its key is drawn if it needs one and has none."""
    from tamesu.serve import UnitNames
    from tamesu.wiring.unit_key import unit_key

    return UnitNames(unit_key(open_folder(settings)) if settings.units == "hashed" else None)


def open_bandit_folder() -> Path:
    """Where the Open Bandit Dataset is kept: TAMESU_OPEN_BANDIT, else the user's cache."""
    named = os.environ.get(OPEN_BANDIT_VARIABLE)
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tamesu" / "open-bandit"


def _meter_folder(settings: Settings) -> Path:
    return settings.folder / "meter"


def _sqlite_log(settings: Settings) -> SqliteEventLog:
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.adapters.eventlog.sqlite import SqliteEventLog

    return SqliteEventLog(
        open_folder(settings) / "log",
        clock=SystemClock(),
        segment_bytes=settings.segment_bytes,
        segment_ms=settings.segment_ms,
    )
