"""How the roles stand, in a file of the data folder that `status` reads.

The supervisor writes it anew at every change and every second: whole or not at all, and never synced,
since what it says is worthless after a power cut. A disk that is full costs this view and nothing
else. Refuses to be read by the roles: nothing depends on it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from tamesu.base import Corrupt, InvalidInput, Time, Unavailable
from tamesu.base.shapes import from_wire, plain
from tamesu.watch.life import Life

FILE = "supervisor.json"
VERSION = 1

_log = structlog.get_logger("tamesu.watch")


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a role's last process ended, and when."""

    at: Time
    why: str


class RoleStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How one role stands.

    Attributes:
        name: server-0, server-1, trainer.
        pid: of its process; none while it rests before the next try.
        since: when that process, or the last one, was started.
        restarts: how often it was started again.
        last_end: how the process before ended; none if none did.
        beat_age_s: how long ago its loop last turned; none before its first beat.
        ready: whether decisions can be made there; none for what makes none.
        connections: how many it holds; none for what takes none.
        again_in_s: how long it rests yet, 0 while it runs.
    """

    name: str
    pid: int | None
    since: Time
    restarts: int
    last_end: End | None
    beat_age_s: float | None
    ready: bool | None
    connections: int | None
    again_in_s: float


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a supervisor and its roles stand.

    Attributes:
        pid: the supervisor's process id.
        started, written: when it started, and when it said this.
        clock_step_s: by how much the wall clock has been set since it started, forward positive.
    """

    pid: int
    url: str
    started: Time
    written: Time
    clock_step_s: float
    roles: list[RoleStanding]
    v: int = VERSION


class StandingFile:
    """Writes how a supervisor's roles stand.

    Args:
        folder: the data folder.
        url: where its servers answer.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._path = folder / FILE
        self._draft = folder / f".{FILE}.new"
        self._url = url
        self._started = _now()
        self._offset_s = _wall_ahead_s()
        self._failing = False

    def tell(self, lives: Sequence[Life]) -> None:
        """Writes how `lives` stand now; says once that it cannot."""
        standing = Standing(
            pid=os.getpid(),
            url=self._url,
            started=self._started,
            written=_now(),
            clock_step_s=round(_wall_ahead_s() - self._offset_s, 3),
            roles=[_of(life) for life in lives],
        )
        try:
            self._draft.write_bytes(msgspec.json.encode(plain(standing)))
            self._draft.replace(self._path)
        except OSError as error:
            if not self._failing:
                _log.warning("status cannot be written", reason=error.strerror)
            self._failing = True
        else:
            self._failing = False

    def remove(self) -> None:
        """Takes the file away: a supervisor that ended well leaves nothing to explain."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("status cannot be removed", reason=error.strerror)


def read_standing(folder: Path) -> Standing | None:
    """What the supervisor of `folder` wrote last; none if it never did or ended well.

    Raises:
        Unavailable: the file cannot be read.
        Corrupt: it is not what a supervisor of this version writes.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} must be readable: {error.strerror}") from error
    try:
        return msgspec.json.decode(data, type=Standing, dec_hook=from_wire)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput) as error:
        raise Corrupt(
            f"{path} must be what a supervisor wrote, it is not: {error}",
            hint="remove it; a supervisor of this version writes it anew within a second",
        ) from error


def _of(life: Life) -> RoleStanding:
    ended = life.last_end
    return RoleStanding(
        name=life.role.name,
        pid=life.pid,
        since=_time(life.since),
        restarts=life.restarts,
        last_end=None if ended is None else End(at=_time(ended[0]), why=ended[1]),
        beat_age_s=None if life.beat_age_s is None else round(life.beat_age_s, 3),
        ready=life.is_ready if life.role.listens else None,
        connections=life.connections,
        again_in_s=round(life.rests_s, 2),
    )


def _now() -> Time:
    return Time(time.time_ns() // 1_000)


def _time(seconds: float) -> Time:
    return Time(int(seconds * 1e6))


def _wall_ahead_s() -> float:
    """The wall clock less one that nobody sets; a machine's sleep counts on both."""
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.time() - time.clock_gettime(steady)
