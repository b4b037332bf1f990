"""`KeyFile`: the keys of an installation, in a file that its owner alone can read.

A file and no store: a server must know who may call while the store is down, and whoever can write the
data folder can do everything anyway. Each change is a new file put in place of the old, so nobody reads
half of one; two changes at once wait for each other. Refuses to keep a secret: only its digest is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tamesu.base import (
    Conflict,
    Corrupt,
    InvalidInput,
    Key,
    NotFound,
    Scope,
    Secret,
    Time,
    Unavailable,
    convert,
    is_bandit_name,
    plain,
)
from tamesu.base.errors import close_match, listing
from tamesu.base.key import digest, spell

VERSION = 1

MOST_KEYS = 1_000

MOST_RATE = 1_000_000
"""Calls a second; more than any installation answers."""

MODE = 0o600

_DIGEST = re.compile(r"[0-9a-f]{64}")


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    version: int
    keys: tuple[Key, ...]


class KeyFile:
    """The keys of one installation.

    Args:
        path: of the file; it need not be there.
        now: what time it is.
    """

    def __init__(self, path: Path, now: Callable[[], Time]) -> None:
        self.path = path
        self._now = now

    def stamp(self) -> tuple[int, int, int] | None:
        """Something that is different once the file has changed; none while there is no file.

        Raises:
            Unavailable: it cannot be looked at.
        """
        try:
            told = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error
        return (told.st_ino, told.st_mtime_ns, told.st_size)

    def all(self) -> tuple[Key, ...]:
        """Every key, in the order in which they were added; none without a file.

        Raises:
            Unavailable: the file cannot be read.
            Corrupt: it is not one of ours.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            return _read(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidInput) as error:
            told = error.message if isinstance(error, InvalidInput) else str(error)
            raise Corrupt(
                f"{self.path} must be a file of keys, it is not: {told}",
                hint="restore it, or move it away and add the keys anew",
            ) from error

    def add(self, name: str, scopes: Sequence[Scope], rate: int | None = None) -> str:
        """The secret of a new key, told this once.

        Raises:
            InvalidInput: a name, scopes or a rate that cannot be.
            Conflict: the name is taken, or there are too many keys.
        """
        if not is_bandit_name(name):
            raise InvalidInput(
                f"a key's name must be lower-case letters, digits and hyphens, got {name[:80]!r}"
            )
        if not scopes:
            raise InvalidInput("a key must have a scope", hint=f"known: {listing(Scope)}")
        if rate is not None and not 1 <= rate <= MOST_RATE:
            raise InvalidInput(f"a rate must lie in 1..{MOST_RATE} calls a second, got {rate}")
        with self._changing() as keys:
            if any(key.name == name for key in keys):
                raise Conflict(
                    f"a key named {name!r} exists already",
                    hint=f"draw its secret anew:  tamesu keys rotate {name}",
                )
            if len(keys) >= MOST_KEYS:
                raise Conflict(f"an installation may have {MOST_KEYS:,} keys, got one more")
            text, secret = self._draw()
            taken = {key.place for key in keys}
            place = next(each for each in range(MOST_KEYS) if each not in taken)
            unique = tuple(dict.fromkeys(scopes))
            keys.append(Key(name=name, scopes=unique, place=place, rate=rate, secrets=(secret,)))
        return text

    def rotate(self, name: str, grace_us: int) -> str:
        """A new secret of a key; those before stay valid for `grace_us`, or for as long as they had.

        Raises:
            NotFound: no such key.
        """
        with self._changing() as keys:
            index = _index(keys, name)
            text, secret = self._draw()
            now = secret.made
            until = Time(now + grace_us)
            before = tuple(
                msgspec.structs.replace(each, until=min(until, each.until or until))
                for each in keys[index].secrets
                if (each.until is None or each.until > now) and grace_us
            )
            keys[index] = msgspec.structs.replace(keys[index], secrets=(*before, secret))
        return text

    def revoke(self, name: str) -> int:
        """Takes a key away with all its secrets; how many keys are left.

        Raises:
            NotFound: no such key.
        """
        with self._changing() as keys:
            del keys[_index(keys, name)]
            return len(keys)

    def _draw(self) -> tuple[str, Secret]:
        identity, random = secrets.token_hex(6), secrets.token_urlsafe(32)
        kept = Secret(id=identity, digest=digest(random), made=self._now())
        return spell(identity, random), kept

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Key]]:
        """The keys, to be changed in place; written when the block ends, unless it fails."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                self.path.with_name(f"{self.path.name}.lock"),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                MODE,
            )
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = list(self.all())
            yield keys
            self._write({"version": VERSION, "keys": plain(keys)})
        finally:
            os.close(lock)

    def _write(self, data: dict[str, Any]) -> None:
        """Puts a new file in the old one's place, on the disk before it is seen."""
        new = self.path.with_name(f"{self.path.name}.new")
        text = msgspec.json.format(msgspec.json.encode(data), indent=1)
        try:
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor made with its mode
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unreadable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the keys must be readable in {self.path}: {error.strerror}",
            hint="run as the user that owns them; a server cannot know who may call without",
        )

    def _unwritable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the keys must be writable in {self.path}: {error.strerror}",
            hint="run as the user that owns the data folder",
        )


def _read(text: bytes) -> tuple[Key, ...]:
    data = msgspec.json.decode(text)
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise InvalidInput(f"version must be {VERSION}, got {str(version)[:20]!r}")
    keys = convert(data, _File, "the keys", InvalidInput).keys
    for key in keys:
        _check(key)
    return keys


def _check(key: Key) -> None:
    """Refuses what a server could not count or compare: people may have edited the file."""
    if (
        not 0 <= key.place < MOST_KEYS
        or not 1 <= (1 if key.rate is None else key.rate) <= MOST_RATE
    ):
        raise InvalidInput(f"place and rate of key {key.name[:80]!r} must be in their bounds")
    for secret in key.secrets:
        if _DIGEST.fullmatch(secret.digest) is None or not secret.id.isascii():
            raise InvalidInput(f"a secret of key {key.name[:80]!r} must have an id and a digest")


def _index(keys: Sequence[Key], name: str) -> int:
    for index, key in enumerate(keys):
        if key.name == name:
            return index
    names = [key.name for key in keys]
    match = close_match(name, names)
    raise NotFound(
        f"no key named {name[:80]!r} (known: {listing(names)})",
        hint=f"did you mean {match!r}?" if match else "",
        key=name[:80],
    )
