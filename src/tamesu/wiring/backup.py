"""Backup and restore: everything that an installation cannot make anew, in a folder of its own.

Taken while all roles run. The store is copied first, as of one commit; then the archive files that it
names, which never change; then the log, which by then has all that the store has learnt from and some
more: a restored trainer reads that as it would after a crash. Refuses a folder that is there, and to
restore one that is not whole. What declarations name by a folder of their own is told, and not copied.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tamesu.base import Corrupt, NotFound, TamesuError, Time, Unavailable
from tamesu.base.shapes import from_wire, plain
from tamesu.wiring.integrity import folder_of, learnt_elsewhere
from tamesu.wiring.places import open_log, open_store
from tamesu.wiring.rebuilding import refuse_existing
from tamesu.wiring.settings import Settings

FILE = "backup.json"
VERSION = 1
TRIES = 5
"""How often it starts over because files were merged or retired meanwhile."""

DATABASES = ("features.sqlite3",)
SMALL = ("keys.json", "unit.key", "sync.json")
"""Beside them: sums of the archive, claims, meters and the supervisor's file are made anew."""

_BLOCK = 1 << 20


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        made: when its store was copied.
        watermark: up to when its bandits have learnt; none before the first record.
        bandits: how many.
        files: size in bytes and digest of each, by its path in the folder.
        elsewhere: folders that declarations name; they are not in it.
    """

    made: Time
    watermark: Time | None
    bandits: int
    files: dict[str, tuple[int, str]]
    elsewhere: tuple[str, ...] = ()
    v: int = VERSION

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(size for size, _ in self.files.values())


def back_up(settings: Settings, folder: Path) -> Backup:
    """A backup of an installation, running or not, in a new `folder`; durable when it returns.

    Raises:
        NotFound: nothing was ever kept there.
        Conflict: `folder` is there.
        Unavailable: it cannot be written, or what is copied did not hold still; nothing is left.
        Corrupt: what is there cannot be read.
    """
    source = settings.folder
    if not (source / "store.sqlite3").exists():
        raise NotFound(
            f"the data folder {str(source)!r} must hold a store, it does not",
            hint="say where the data is:  --data DIR",
        )
    refuse_existing(folder)
    draft = folder.parent / f".{folder.name}.new"
    for attempt in range(1, TRIES + 1):
        shutil.rmtree(draft, ignore_errors=True)
        try:
            made = _copied(source, draft)
            _sync(draft)
            draft.rename(folder)
            _sync_folder(folder.parent)
        except FileNotFoundError as error:
            if attempt == TRIES:
                raise Unavailable(
                    f"files of {str(source)!r} were merged or retired {TRIES} times while they were "
                    f"copied; {error.filename} is gone",
                    hint="try again in a minute",
                ) from error
        except OSError as error:
            raise Unavailable(
                f"the backup {str(folder)!r} cannot be written: {error.strerror}",
                hint="see that there is room, and that its folder can be written",
            ) from error
        else:
            return made
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    raise AssertionError("the last try returned or raised")


def restore(folder: Path, settings: Settings) -> Backup:
    """Makes the data folder of `settings` out of the backup in `folder`; whole or not at all.

    Raises:
        NotFound: there is no backup.
        Corrupt: a file is not what was backed up.
        Conflict: the data folder is there already.
        Unavailable: it cannot be written.
    """
    told = _read(folder)
    place = settings.folder
    refuse_existing(place)
    draft = place.parent / f".{place.name}.new"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        for name, expected in told.files.items():
            _copy(folder / name, draft / name)
            if _measured(draft / name) != expected:
                raise Corrupt(
                    f"{folder / name} must be what was backed up, it is not",
                    hint="take another backup",
                )
        _refuse_unfit(draft)
        _sync(draft)
        draft.rename(place)
        _sync_folder(place.parent)
    except FileNotFoundError as error:
        raise Corrupt(
            f"the backup {str(folder)!r} must hold {error.filename}, it does not",
            hint="take another backup",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"the data folder {str(place)!r} cannot be written: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return told


def _copied(source: Path, draft: Path) -> Backup:
    """Copies all there is to a new folder `draft`, and says in it what it holds."""
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.join import Checkpoint

    made = SystemClock().now()
    draft.mkdir(parents=True)
    _copy_database(source / "store.sqlite3", draft / "store.sqlite3")
    with contextlib.closing(open_store(Settings(data=str(draft)))) as store:
        named = [file.name for file in store.files()]
        watermark = Checkpoint.from_bytes(store.progress().checkpoint).time
        bandits = len(store.versions())
        elsewhere = {folder_of(one) for one in learnt_elsewhere(store).values()}
    for name in named:
        _copy(source / "archive" / name, draft / "archive" / name)
    for name in DATABASES:
        if (source / name).exists():
            _copy_database(source / name, draft / name)
    for name in SMALL:
        if (source / name).exists():
            _copy(source / name, draft / name)
    for path in sorted((source / "log").glob("*.sqlite3")):
        if not path.name.startswith("."):
            _copy_database(path, draft / "log" / path.name)
    _refuse_unfit(draft)
    files = {path.relative_to(draft).as_posix(): _measured(path) for path in _files(draft)}
    told = Backup(
        made=made,
        watermark=watermark,
        bandits=bandits,
        files=files,
        elsewhere=tuple(sorted(elsewhere)),
    )
    (draft / FILE).write_bytes(msgspec.json.encode(plain(told)))
    return told


def _refuse_unfit(draft: Path) -> None:
    """Refuses a log that lacks what the store beside it still needs, and leaves no file of its own.

    Raises:
        FileNotFoundError: it does: segments were retired while it was copied.
        Unavailable: it cannot be looked at.
    """
    from tamesu.engine import refuse_shortened
    from tamesu.join import Checkpoint

    settings = Settings(data=str(draft))
    before = set(_files(draft))
    try:
        with (
            contextlib.closing(open_store(settings)) as store,
            contextlib.closing(open_log(settings)) as log,
        ):
            refuse_shortened(log, Checkpoint.from_bytes(store.progress().checkpoint).marks)
    except Unavailable:
        raise  # no room or no right here, which is not the log's fault
    except TamesuError as error:
        raise FileNotFoundError(2, error.message, "a segment of the log") from error
    for path in set(_files(draft)) - before:
        path.unlink()


def _copy_database(source: Path, target: Path) -> None:
    """Copies an SQLite database as of one moment, while others write it."""
    from tamesu.adapters import sqlite

    if not source.exists():
        raise FileNotFoundError(2, "no such file", str(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            sqlite.translated(source),
            contextlib.closing(sqlite.connect(source)) as there,
            contextlib.closing(sqlite.driver.connect(target)) as here,
        ):
            there.backup(here)
    except Unavailable as error:
        if "disk is full" not in error.message:  # a copy comes without a code
            raise
        # Only what is written can be full: the backup, not the database that is read.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
    target.chmod(source.stat().st_mode & 0o777)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)  # with its mode: keys stay their owner's


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _measured(path: Path) -> tuple[int, str]:
    """Size and digest of a file."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return path.stat().st_size, digest.hexdigest()


def _read(folder: Path) -> Backup:
    try:
        data = (folder / FILE).read_bytes()
    except OSError as error:
        raise NotFound(
            f"the folder {str(folder)!r} must hold a backup, it has no {FILE}",
            hint="make one:  tamesu backup FOLDER",
        ) from error
    try:
        told: Any = msgspec.json.decode(data, type=Backup, dec_hook=from_wire)
    except (msgspec.DecodeError, UnicodeDecodeError, TamesuError) as error:
        raise Corrupt(f"{folder / FILE} must say what the backup holds: {error}") from error
    backup: Backup = told
    if backup.v != VERSION or any(".." in Path(name).parts for name in backup.files):
        raise Corrupt(f"{folder / FILE} must be of this version of Tamesu, it is not")
    return backup


def _sync(folder: Path) -> None:
    """Makes every file of `folder`, and every name, durable."""
    for path in (folder, *folder.rglob("*")):
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
