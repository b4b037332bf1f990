"""Whether the data is whole: what the doctor looks at in the data folder, without changing a byte.

Files are opened for reading alone, beside whatever writes them. Refuses to read everything: of a long
log the newest `MOST_BYTES` are looked through, and what was left out is said.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tamesu.base import Corrupt, Declaration, InvalidDeclaration, Status, Unavailable
from tamesu.ports import ArchiveFile, Holds, Store
from tamesu.watch import Finding
from tamesu.wiring.places import open_log, open_store
from tamesu.wiring.settings import Settings

MOST_BYTES = 512 << 20
"""Of the log; a disk reads that in some seconds."""

CLOCK_AHEAD_S = 1.0
"""A log that is further ahead of the clock was written before the clock was set back."""

POISON_S = 60.0
"""From here on decisions are poison: their ids and the log's time differ by too much."""

RESTORE = "stop, keep the folder for diagnosis, and restore it from a backup"


def store(settings: Settings) -> str | Finding | None:
    """The store's pages are whole and its schema is one that this version reads."""
    from tamesu.adapters.store import tables
    from tamesu.adapters.store.migrations import refuse_newer

    path = _store(settings)
    if not path.exists():
        return None
    with _reading(path) as look:
        _refuse_damaged(look, path)
        number = int(look(f"SELECT number FROM {tables.schema.name}")[0][0])  # noqa: S608 - ours
    refuse_newer(number, path)
    found = f"whole, schema {number}"
    if number < tables.SCHEMA:
        hint = (
            f"the next start brings it to schema {tables.SCHEMA}: keep a copy of the folder before"
        )
        return Finding("store", well=True, found=found, hint=hint)
    return found


def log(settings: Settings) -> str | None:
    """The log's segments are whole and follow each other."""
    from tamesu.adapters.eventlog import segments

    folder = settings.folder / "log"
    firsts = segments.found(folder)
    if not firsts:
        return None
    left, looked, end = MOST_BYTES, 0, None
    for first in reversed(firsts):
        path = segments.path_of(folder, first)
        with _reading(path) as look:
            last = look("SELECT max(offset) FROM entries")[0][0]
            after = first if last is None else last + 1
            if end is not None and after != end:
                raise Corrupt(
                    f"the log must go on at offset {after}, its next segment starts at {end}",
                    hint=RESTORE,
                    path=str(path),
                )
            size = path.stat().st_size
            if size <= left or not looked:
                _refuse_damaged(look, path)
                left, looked = left - size, looked + 1
        end = first
    all_of = (
        f"all {len(firsts)}" if looked == len(firsts) else f"the newest {looked} of {len(firsts)}"
    )
    return f"{all_of} segments are whole, offsets from {firsts[0]:,}"


def cache(settings: Settings) -> str | Finding | None:
    """The cache is whole; a damaged one costs nothing but what it remembered."""
    path = settings.folder / "cache.sqlite3"
    if not path.exists():
        return None
    try:
        with _reading(path) as look:
            _refuse_damaged(look, path)
    except Corrupt as error:
        hint = "the servers make it anew; retries of the last minutes may be decided twice"
        return Finding("cache", well=True, found=error.message, hint=hint)
    return "whole"


def features(settings: Settings) -> str | None:
    """What is kept of units is whole."""
    path = settings.folder / "features.sqlite3"
    if not path.exists():
        return None
    with _reading(path) as look:
        _refuse_damaged(look, path)
        ((kept,),) = look("SELECT count(*) FROM features")
    return f"whole, of {kept:,} units"


def agreement(settings: Settings) -> str | None:
    """The store was made from this log, its states can be read, and no record and no file is gone."""
    from tamesu.engine import refuse_shortened
    from tamesu.join import Checkpoint

    path = _store(settings)
    if not path.exists() or not is_current(path):
        return None
    with (
        contextlib.closing(open_log(settings)) as events,
        contextlib.closing(open_store(settings)) as kept,
    ):
        refuse_shortened(events, Checkpoint.from_bytes(kept.progress().checkpoint).marks)
        _refuse_unreadable(kept)
        files, archived = kept.files(), kept.archived()
        starts = [events.start(partition) for partition in range(events.partitions)]
    _refuse_gaps(files, archived, starts)
    archive = settings.folder / "archive"
    wrong = [file.name for file in files if _size(archive / file.name) != file.bytes]
    if wrong:
        raise Corrupt(
            f"the archive must have {len(files)} files as the store's manifest names them, "
            f"{len(wrong)} are missing or of another size, first {wrong[0]}",
            hint="restore the archive's folder from a backup",
            files=wrong[:20],
        )
    held = Counter(file.holds.value for file in files)
    kinds = ", ".join(f"{held[holds.value]:,} of {holds}" for holds in Holds if held[holds.value])
    return f"the store was made from this log; the archive has its {len(files):,} files ({kinds or 'none'})"


def what_comes_in(settings: Settings) -> str | Finding | None:
    """What comes in can be learnt from: impressions arrive, events find what they are for."""
    from tamesu.join import concerns

    path = _store(settings)
    if not path.exists() or not is_current(path):
        return None
    with contextlib.closing(open_store(settings)) as kept:
        counts = kept.progress().counts
    found = [(bandit, each) for bandit in sorted(counts) for each in concerns(counts[bandit])]
    if not found:
        return "nothing to be concerned about"
    told = "; ".join(f"{bandit or 'no bandit'}: {each['detail']}" for bandit, each in found)
    return Finding("what comes in", well=False, found=told, hint=found[0][1]["hint"])


def learnt(settings: Settings) -> str | Finding | None:
    """What declarations name outside of the data folder is there, and is what they name."""
    path = _store(settings)
    if not path.exists() or not is_current(path):
        return None
    with contextlib.closing(open_store(settings)) as kept:
        named = learnt_elsewhere(kept)
    if not named:
        return None
    wrong = [f"{bandit}: {lack}" for bandit, lack in map(_lack, named.values()) if lack]
    if wrong:
        return Finding(
            "learnt",
            well=False,
            found="; ".join(wrong),
            hint="put the folder back as it was; until then the fallback answers where nothing is held, and a trainer "
            "waits for what it needs to learn. Or declare another policy:  tamesu bandit update",
        )
    folders = sorted({folder_of(declaration) for declaration in named.values()})
    return f"whole, and in no backup: {', '.join(folders)}"


def learnt_elsewhere(kept: Store) -> dict[str, Declaration]:
    """Declarations whose belief was learnt elsewhere, by bandit; of those that were deleted none."""
    from tamesu.policy.kinds import LEARNT

    found: dict[str, Declaration] = {}
    for bandit, declared in sorted(kept.declarations().items()):
        if declared.declaration.belief.kind not in LEARNT:
            continue
        last = kept.snapshot(bandit)
        if last is None or last.status is not Status.DELETED or last.declaration < declared.number:
            found[bandit] = declared.declaration
    return found


def folder_of(declaration: Declaration) -> str:
    """Where what a declaration's belief has learnt is."""
    return str(declaration.belief.options["folder"])


def _lack(declaration: Declaration) -> tuple[str, str]:
    """A bandit, and what is not there; empty where all is."""
    from tamesu.policy import compose

    try:
        compose(declaration).check()
    except InvalidDeclaration as error:
        return declaration.name, error.message
    return declaration.name, ""


def _refuse_unreadable(kept: Store) -> None:
    """Refuses a newest snapshot, or what was learnt aside since, that nothing can be learnt upon."""
    from tamesu.engine import read_state
    from tamesu.policy import compose

    for bandit in sorted(kept.versions()):
        snapshot = kept.snapshot(bandit)
        if snapshot is None:
            continue
        declared = kept.declared(bandit, snapshot.declaration)
        if declared is None:
            continue
        policy, deferred = compose(declared.declaration), kept.deferred(bandit)
        read_state(policy, snapshot)
        if deferred is not None:
            read_state(policy, snapshot, deferred.state)


def _refuse_gaps(
    files: Sequence[ArchiveFile], archived: Sequence[int], starts: Sequence[int]
) -> None:
    """Refuses records that the log has dropped and the archive never had, since there is an archive."""
    for partition, (end, start) in enumerate(zip(archived, starts, strict=False)):
        mine = sorted(
            (file.first, file.end)
            for file in files
            if file.holds is Holds.RECORDS and file.partition == partition
        )
        if end < start and mine:
            raise Corrupt(
                f"the log's partition {partition} begins at offset {start:,}, and is archived up to "
                f"{end:,}: what lay between is in neither",
                hint=RESTORE,
                partition=partition,
            )
        overlaps = [(one, other) for one, other in pairwise(mine) if other[0] < one[1]]
        if overlaps:
            raise Corrupt(
                f"the archive must have each record once, and has two files of partition {partition} "
                f"from offset {overlaps[0][1][0]:,} on",
                hint=RESTORE,
                partition=partition,
            )


def clock(settings: Settings) -> str | Finding | None:
    """This machine's clock is not behind the log's newest record."""
    from tamesu.adapters.clock.system import SystemClock

    if not (settings.folder / "log").is_dir():
        return None
    with contextlib.closing(open_log(settings)) as events:
        newest = [
            entry.received
            for partition in range(events.partitions)
            for entry in events.read(partition, max(0, events.end(partition) - 1), 1)
        ]
    ahead_s = (max(newest, default=0) - SystemClock().now() / 1e3) / 1e3
    if ahead_s <= CLOCK_AHEAD_S:
        return "not behind the log"
    hint = "it was set back, or the log comes from another machine: set it right"
    if ahead_s > POISON_S:
        hint += (
            "; until it has caught up, decisions are set aside as poison and servers are not ready"
        )
    return Finding("clock", well=False, found=f"{ahead_s:,.1f} s behind the log", hint=hint)


def _store(settings: Settings) -> Path:
    return settings.folder / "store.sqlite3"


def refuse_older(path: Path) -> None:
    """Refuses a store that opening would bring up to date: whoever only looks changes nothing.

    Raises:
        Unavailable: an older version of Tamesu made it.
    """
    if not is_current(path):
        raise Unavailable(
            f"the store must be of this version, {path} is of an older one",
            hint="start the installation once, which brings it up to date; to be able to go back, "
            "copy its folder before",
        )


def is_current(path: Path) -> bool:
    """Whether opening it would change nothing."""
    from tamesu.adapters.store import tables

    with _reading(path) as look:
        number = int(look(f"SELECT number FROM {tables.schema.name}")[0][0])  # noqa: S608 - ours
    return number == tables.SCHEMA


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """Asks the database at `path`, which is not changed."""
    from tamesu.adapters import sqlite

    with sqlite.translated(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite.driver.connect(uri, uri=True)) as connection:
            yield lambda question: connection.execute(question).fetchall()


def _refuse_damaged(look: Any, path: Path) -> None:
    told = [row[0] for row in look("PRAGMA quick_check(5)")]
    if told != ["ok"]:
        raise Corrupt(f"{path} is damaged: {'; '.join(told)}", hint=RESTORE, path=str(path))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} must be readable: {error.strerror}") from error
