"""`Guard`: who may call. By the key in `Authorization: Bearer …`, its scopes and its rate.

An installation without a file of keys is open to this machine: whoever reaches the loopback address
may do everything, but for pages in a browser that came from elsewhere. With one it is closed, and stays
so even where the last key is gone: only a new start opens it again. Refuses to say which part of a
secret was wrong, and to repeat one in any message.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import structlog
from starlette.types import Scope as Call

from tamesu.base import Denied, Key, Scope, TamesuError, Throttled, Unidentified
from tamesu.base.key import is_secret, spelt
from tamesu.serve.http.allowance import Allowances

POLL_S = 0.5
"""How often it is looked whether keys have changed."""

_PORT = re.compile(r":[0-9]*\Z")
_NOBODY = bytes(32)
_FORWARDED = (b"forwarded", b"x-forwarded-", b"x-real-ip", b"via")
_log = structlog.get_logger("tamesu.serve.keys")


class KeySource(Protocol):
    """Where keys are kept."""

    def stamp(self) -> object:
        """Something that is different once they have changed; none where there is no such place."""
        ...

    def all(self) -> Sequence[Key]:
        """Every key.

        Raises:
            TamesuError: they cannot be read.
        """
        ...


class NoKeys:
    """No place where keys could be."""

    def stamp(self) -> None:
        """None."""

    def all(self) -> Sequence[Key]:
        """None."""
        return ()


class _Held(NamedTuple):
    """One valid secret: its digest, until when in nanoseconds (none for ever), and whose it is."""

    digest: bytes
    until_ns: int | None
    key: Key


class Guard:
    """Lets callers through, or refuses them.

    Args:
        source: where keys are kept; read now, and again when they change while `watch` runs.
        allowances: where calls are counted; a page of its own without one.
        is_local: whether nobody but this machine can connect.
        poll_s: how often `watch` looks.

    Raises:
        TamesuError: the keys cannot be read.
    """

    def __init__(
        self,
        source: KeySource | None = None,
        allowances: Allowances | None = None,
        *,
        is_local: bool = True,
        poll_s: float = POLL_S,
    ) -> None:
        self._poll_s = poll_s
        self._source = source or NoKeys()
        self._allowances = allowances or Allowances()
        self._stamp = self._source.stamp()
        self._is_open = self._stamp is None and is_local
        self._held: Mapping[bytes, _Held] = {}
        if self._stamp is not None:
            self._held = _by_id(self._source.all())

    @property
    def is_open(self) -> bool:
        """Whether no key is needed."""
        return self._is_open

    def admit(self, call: Call, needed: Scope) -> Key | None:
        """The key by which a caller may do what needs that scope; none where no key is needed.

        Raises:
            Unidentified: no key, or none that is valid.
            Denied: a key that may not; or a page from elsewhere, in a browser of this machine.
            Throttled: too many calls with that key.
        """
        if self._is_open:
            _refuse_foreign(call)
            return None
        if needed is Scope.METRICS and _is_here(call):
            return None
        key = self._identify(_authorization(call["headers"]))
        if needed not in key.scopes and not (needed is Scope.METRICS and Scope.ADMIN in key.scopes):
            raise Denied.scope(key.name, key.scopes, needed)
        if key.rate is not None:
            wait_s = self._allowances.wait_s(key.place, key.rate)
            if wait_s:
                raise Throttled.key(key.name, key.rate, wait_s)
        return key

    async def watch(self) -> None:
        """Takes over changes of the keys, until it is cancelled; what cannot be read changes nothing.

        A reason for which they cannot be looked at is told once, not at every look.
        """
        told = ""
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                self.look()
            except (OSError, TamesuError) as error:
                if str(error) != told:
                    told = str(error)
                    _log.error("the keys cannot be looked at: those before stay valid", reason=told)
            else:
                told = ""

    def look(self) -> None:
        """Takes over what has changed by now."""
        stamp = self._source.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._is_open = False
        try:
            if stamp is None:
                _log.error("the file of keys is gone: the keys that it had stay valid")
                return
            self._held = _by_id(self._source.all())
        except TamesuError as error:
            _log.error("the keys cannot be read: those before stay valid", reason=error.message)
            return
        _log.info("keys read", secrets=len(self._held))

    def _identify(self, authorization: bytes | None) -> Key:
        if authorization is None:
            raise Unidentified.missing()
        kind, _, text = authorization.strip().partition(b" ")
        parts = spelt(text.strip()) if kind.lower() == b"bearer" else None
        if parts is None:
            raise Unidentified.wrong()
        identity, random = parts
        held = self._held.get(identity)
        # Who is not known is compared too: how long it takes tells nobody which ids there are.
        same = is_secret(random, _NOBODY if held is None else held.digest)
        if held is None or not same:
            raise Unidentified.wrong()
        if held.until_ns is not None and time.time_ns() >= held.until_ns:
            raise Unidentified.wrong()
        return held.key


def _by_id(keys: Iterable[Key]) -> dict[bytes, _Held]:
    return {
        secret.id.encode(): _Held(
            bytes.fromhex(secret.digest),
            None if secret.until is None else int(secret.until) * 1_000,
            key,
        )
        for key in keys
        for secret in key.secrets
    }


def _authorization(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The header; none where it is missing, or there twice: two parties might read either."""
    found: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            if found is not None:
                return b""
            found = value
    return found


def _is_here(call: Call) -> bool:
    """Whether the caller is on this machine, and nobody says that it only passes a call on."""
    client = call.get("client")
    if client is None or not _is_loopback(client[0]):
        return False
    return not any(name.startswith(_FORWARDED) for name, _ in call["headers"])


def _refuse_foreign(call: Call) -> None:
    """Refuses what a page from elsewhere sends through a browser on this machine.

    Its author can give his own name the address 127.0.0.1; the name stands in `Host`.
    """
    for name, value in call["headers"]:
        if name == b"host":
            if not _is_named_here(value):
                raise Denied.foreign(value.decode("latin-1"))
            return


@lru_cache(maxsize=64)
def _is_named_here(host: bytes) -> bool:
    """Whether `Host` names this machine."""
    name = _PORT.sub("", host.decode("latin-1").strip().lower()).strip("[]")
    return name == "localhost" or name.endswith(".localhost") or not name or _is_loopback(name)


@lru_cache(maxsize=1_024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
