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

from tamesu.base import InvalidInput, convert
from tamesu.watch import HOLDER_VARIABLE, LIFELINE_VARIABLE, SOCKET_VARIABLE

FILE = "tamesu.toml"
PREFIX = "TAMESU_"
MOST_PORT = 65_535

CONFIG_VARIABLE = "TAMESU_CONFIG"
"""Names another settings file."""

OPEN_BANDIT_VARIABLE = "TAMESU_OPEN_BANDIT"
"""Names the folder of the Open Bandit Dataset."""

NOT_SETTINGS = frozenset(
    {
        CONFIG_VARIABLE,
        OPEN_BANDIT_VARIABLE,
        HOLDER_VARIABLE,
        LIFELINE_VARIABLE,
        SOCKET_VARIABLE,
        "TAMESU_CI",
    }
)
"""TAMESU_* names that are not settings: they point at things, or pass between our processes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where this installation keeps its data and where it listens.

    Attributes:
        data: folder of log, store and archive; relative paths are relative to the settings' file.
        host: address to listen on; only loopback without keys.
        port: port to listen on.
    """

    data: str = "data"
    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def folder(self) -> Path:
        """`data` as a path."""
        return Path(self.data)

    @property
    def url(self) -> str:
        """Where a client finds the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings of this installation.

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
    if path.is_file():
        values = _absolute(_checked(_read(path), str(path)), path.resolve().parent)
    elif named:
        raise InvalidInput(
            f"the settings file {named!r} ({CONFIG_VARIABLE}) must exist, it does not"
        )
    values |= _checked(_from(environment), "the environment")
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    settings = convert(values, Settings, "the settings", InvalidInput)
    if not 0 <= settings.port <= MOST_PORT:
        raise InvalidInput(f"port must lie in 0..{MOST_PORT}, got {settings.port}")
    if not settings.data:
        raise InvalidInput(
            "data must name a folder, got an empty text", hint="write . for the one you are in"
        )
    return settings


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
            values[key] = int(text) if key == "port" and text.isdecimal() else text
    return values


def _checked(values: dict[str, Any], where: str) -> dict[str, Any]:
    convert(values, Settings, where, InvalidInput)
    return values


def _absolute(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`values` with their folder, the default one too, taken from where their file lies."""
    data = values.get("data", Settings().data)
    return {**values, "data": data and str(folder / data)}
