"""What became of scheduled syncs, in a file of the data folder: read by whoever starts again, and by people.

Written whole or not at all, power cuts too. Refuses to hold a history: of each the last attempt alone; what was changed
stands in the store's commands.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tamesu.base import Corrupt, InvalidInput, Time, Unavailable
from tamesu.base.shapes import from_wire, plain

FILE = "sync.json"


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last attempt of one sync.

    Attributes:
        at: when it was made, or first heard of.
        outcome: waits (never tried), changed, unchanged, pending or failed.
        error, hint: why it failed, and what to do.
        tries: how often it has failed, one after the other, of causes that may pass.
        counts: how many arms it did what to.
    """

    at: Time
    outcome: str = "waits"
    error: str = ""
    hint: str = ""
    tries: int = 0
    counts: dict[str, int] = {}


class Attempts:
    """The attempts of one installation, by bandit."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._draft = folder / f".{FILE}.new"

    def all(self) -> dict[str, Attempt]:
        """The last attempt of each; empty before the first.

        Raises:
            Unavailable: the file cannot be read.
            Corrupt: it is none of ours.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Unavailable(f"{self._path} must be readable: {error.strerror}") from error
        try:
            return msgspec.json.decode(data, type=dict[str, Attempt], dec_hook=from_wire)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput) as error:
            raise Corrupt(
                f"{self._path} must hold what became of syncs, it does not: {error}",
                hint="remove it: every sync then waits for its next time",
            ) from error

    def put(self, key: str, attempt: Attempt) -> None:
        """Keeps what became of one.

        Raises:
            Unavailable: the file cannot be written.
        """
        told = self.all() | {key: attempt}
        try:
            with self._draft.open("wb") as file:
                file.write(msgspec.json.encode({k: plain(v) for k, v in told.items()}))
                file.flush()
                os.fsync(file.fileno())
            self._draft.replace(self._path)
        except OSError as error:
            raise Unavailable(f"{self._path} must be writable: {error.strerror}") from error
