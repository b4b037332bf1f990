"""Settings: one `tamesu.toml`, each value overridable by `TAMESU_*` and by flags.

Flags win over the environment, the environment over the file, the file over the defaults. Refuses
names it does not know, with the close match, wherever they come from.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tamesu.base import Duration, InvalidInput, convert
from tamesu.base.times import MILLISECOND_US, SECOND_US
from tamesu.sync import Scheduled
from tamesu.watch import BOARD_VARIABLE, HOLDER_VARIABLE, LIFELINE_VARIABLE, SOCKET_VARIABLE

FILE = "tamesu.toml"
PREFIX = "TAMESU_"
MOST_PORT = 65_535
MOST_WORKERS = 64
UNITS = ("plain", "hashed")
CACHES = ("memory", "sqlite")
LEAST_RETENTION_MS = 15 * 60_000
"""A request id is remembered for ten minutes, and its decision may have to be found in the log."""

LEAST_MAX_AGE_US = 1_000_000
"""A server asks the store five times a second: less would be failed by one slow answer."""

LEAST_SEGMENT_BYTES = 1 << 20
LEAST_SEGMENT_MS = 1_000

KEY_VARIABLE = "TAMESU_KEY"
"""Holds the secret with which the client and the command line call."""

URL_VARIABLE = "TAMESU_URL"
"""Names the server that the command line calls."""

NUMBERS = frozenset({"port", "workers", "segment_bytes"})
"""Settings that are whole numbers: variables are text."""

CONFIG_VARIABLE = "TAMESU_CONFIG"
"""Names another settings file."""

OPEN_BANDIT_VARIABLE = "TAMESU_OPEN_BANDIT"
"""Names the folder of the Open Bandit Dataset."""

PROCESS_VARIABLE = "TAMESU_PROCESS"
"""What the supervisor calls this process: server-0, trainer."""

NOT_SETTINGS = frozenset(
    {
        BOARD_VARIABLE,
        CONFIG_VARIABLE,
        OPEN_BANDIT_VARIABLE,
        HOLDER_VARIABLE,
        KEY_VARIABLE,
        LIFELINE_VARIABLE,
        PROCESS_VARIABLE,
        SOCKET_VARIABLE,
        URL_VARIABLE,
        "TAMESU_CI",
    }
)
"""TAMESU_* names that are not settings: they point at things, or pass between our processes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where this installation keeps its data and where it listens.

    Attributes:
        data: folder of log, store and archive; relative paths are relative to the settings' file.
        host: address to listen on; only loopback without keys.
        keys: file of those who may call, in the data folder or wherever its path leads;
            `tamesu keys` writes it.
        port: port to listen on.
        workers: how many server processes answer behind the one port, 1 to 64.
        units: how units are called in log, archive, features and claims: `plain`, or `hashed` with a
            key that is drawn into the data folder, in `unit.key`.
        cache: where answers are remembered by `request_id` and sticky unit: `memory` (one server only)
            or `sqlite` (in the data folder); without a word, `memory` for one worker and `sqlite` for
            more.
        max_age: how long a server that cannot reach the store stays ready, as in `10m`, at least `1s`;
            it decides on for as long as that lasts.
        retention: how long the log keeps what has been learnt from, as in `30d`, at least
            `15m`.
        archive_retention: how long the archive keeps its files, as in `400d`; for ever without.
            Never less than the late horizon of any bandit and a day.
        segment_bytes: size from which a file of the log is followed by a new one, at least 1 MiB;
            room on the disk comes back by whole files.
        segment_age: age of its first record from which it is, too, at least `1s`.
        sync: arms that come from a source by a schedule, each as `[[sync]]` with `bandit`, `from`,
            `cron`, and perhaps `query`, `limit` and `timezone`; as a variable a JSON list.
    """

    data: str = "data"
    host: str = "127.0.0.1"
    port: int = 8000
    keys: str = "keys.json"
    workers: int = 1
    units: str = "plain"
    cache: str | None = None
    max_age: str = "10m"
    retention: str = "30d"
    archive_retention: str | None = None
    segment_bytes: int = 268_435_456
    segment_age: str = "1h"
    sync: tuple[Scheduled, ...] = ()

    @property
    def folder(self) -> Path:
        """`data` as a path."""
        return Path(self.data)

    @property
    def cache_kind(self) -> str:
        """`cache`, or what goes without saying for this number of workers."""
        return self.cache or ("memory" if self.workers == 1 else "sqlite")

    @property
    def max_age_s(self) -> float:
        """`max_age` in seconds."""
        return Duration.parse(self.max_age) / SECOND_US

    @property
    def retention_ms(self) -> int:
        """`retention` in milliseconds."""
        return Duration.parse(self.retention) // MILLISECOND_US

    @property
    def archive_retention_us(self) -> int | None:
        """`archive_retention` in microseconds, none for ever."""
        return None if self.archive_retention is None else Duration.parse(self.archive_retention)

    @property
    def segment_ms(self) -> int:
        """`segment_age` in milliseconds."""
        return Duration.parse(self.segment_age) // MILLISECOND_US

    @property
    def is_local(self) -> bool:
        """Whether `host` is an address that this machine alone can reach."""
        return self.host == "localhost" or self.host.strip("[]").startswith(("127.", "::1"))

    @property
    def url(self) -> str:
        """Where a client finds the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - one that can be called
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings of this installation.

    A process that a supervisor started has been told all of them and reads no file: one that is being
    changed must not keep a role from coming back.

    Args:
        flags: values given on the command line; nones are left out.
        environment: `TAMESU_*` variables; the process's own by default.

    Raises:
        InvalidInput: an unknown name, a wrong type or a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(CONFIG_VARIABLE)
    path = Path(named or FILE)
    values: dict[str, Any] = {}
    if PROCESS_VARIABLE in environment:
        pass
    elif path.is_file():
        values = _absolute(_checked(_read(path), str(path)), path.resolve().parent)
    elif named:
        raise InvalidInput(
            f"the settings file {named!r} ({CONFIG_VARIABLE}) must exist, it does not"
        )
    values |= _checked(_from(environment), "the environment")
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    settings = convert(values, Settings, "the settings", InvalidInput)
    _refuse(settings)
    return settings


def _refuse(settings: Settings) -> None:
    """Refuses values of the right type that no installation can have."""
    if not 0 <= settings.port <= MOST_PORT:
        raise InvalidInput(f"port must lie in 0..{MOST_PORT}, got {settings.port}")
    if not settings.data:
        raise InvalidInput(
            "data must name a folder, got an empty text", hint="write . for the one you are in"
        )
    if not settings.keys:
        raise InvalidInput("keys must name a file, got an empty text", hint="leave it out")
    if not 1 <= settings.workers <= MOST_WORKERS:
        raise InvalidInput(f"workers must lie in 1..{MOST_WORKERS}, got {settings.workers}")
    if settings.units not in UNITS:
        raise InvalidInput.unknown_choice(settings.units, UNITS, "units")
    if settings.cache is not None and settings.cache not in CACHES:
        raise InvalidInput(
            f"cache must be one of {', '.join(CACHES)}, got {settings.cache[:40]!r}",
            hint="leave it out: memory for one worker, sqlite for more",
        )
    if settings.cache == "memory" and settings.workers > 1:
        raise InvalidInput(
            f"cache 'memory' is for one worker, got {settings.workers} workers: a retry that meets "
            "another worker would be decided twice",
            hint="leave cache out, or write sqlite",
        )
    _refuse_lengths(settings)
    for each in settings.sync:
        each.check()
    twice = {each.bandit for each in settings.sync if settings.sync.count(each) > 1}
    if twice or len({each.bandit for each in settings.sync}) < len(settings.sync):
        raise InvalidInput("a bandit takes its arms from one source, the settings name one twice")


def _refuse_lengths(settings: Settings) -> None:
    """Refuses lengths of time and sizes that are too short for what they are for."""
    if Duration.parse(settings.max_age) < LEAST_MAX_AGE_US:
        raise InvalidInput(
            f"max_age must be 1s at least, got {settings.max_age!r}",
            hint="leave it out: 10m suits most",
        )
    if settings.retention_ms < LEAST_RETENTION_MS:
        raise InvalidInput(
            f"retention must be 15m at least, got {settings.retention!r}: a request_id is remembered "
            "for ten minutes",
            hint="write it as 1h or 30d",
        )
    if settings.archive_retention is not None and settings.archive_retention_us == 0:
        raise InvalidInput(
            "archive_retention must be longer than nothing, got 0",
            hint="leave it out: the archive then keeps everything",
        )
    if settings.segment_bytes < LEAST_SEGMENT_BYTES:
        raise InvalidInput(
            f"segment_bytes must be {LEAST_SEGMENT_BYTES} (1 MiB) at least, "
            f"got {settings.segment_bytes}",
            hint="leave it out: 256 MiB suits most",
        )
    if settings.segment_ms < LEAST_SEGMENT_MS:
        raise InvalidInput(
            f"segment_age must be 1s at least, got {settings.segment_age!r}",
            hint="leave it out: 1h suits most",
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path} must be readable TOML: {error}") from error


def _from(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name.startswith("TAMESU_TEST_"):
            continue
        if name not in NOT_SETTINGS:
            key = name.removeprefix(PREFIX).lower()
            values[key] = _value(name, key, text)
    return values


def _value(name: str, key: str, text: str) -> Any:
    if key == "sync":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise InvalidInput(f"{name} must be a JSON list: {error}") from error
    return _whole(name, text) if key in NUMBERS else text


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise InvalidInput(f"{name} must be a whole number, got {text[:40]!r}")
    return int(text)


def _checked(values: dict[str, Any], where: str) -> dict[str, Any]:
    convert(values, Settings, where, InvalidInput)
    return values


def _absolute(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`values` with their folder, the default one too, taken from where their file lies."""
    data = values.get("data", Settings().data)
    listed = values.get("sync")
    if isinstance(listed, list):
        values = {**values, "sync": [_beside(each, folder) for each in listed]}
    return {**values, "data": data and str(folder / data)}


def _beside(scheduled: Any, folder: Path) -> Any:
    """A sync whose file, if it is from one, is taken from where the settings lie."""
    source = scheduled.get("from") if isinstance(scheduled, dict) else None
    if not isinstance(source, str) or ":" in source:
        return scheduled
    return {**scheduled, "from": str(folder / source)}
