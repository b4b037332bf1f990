"""`UnitNames`: what a unit is called in whatever is kept of it.

Plain, or as a keyed hash: then log, archive, claims and features know a unit by a name from which nobody
without the key gets back to it, and the same unit has the same name in all of them. It is a pseudonym
and no anonymity: whoever has the key can try names. Refuses to remember which name was whose.
"""

from __future__ import annotations

import hashlib

import msgspec

from tamesu.base import InvalidInput
from tamesu.serve.core.wire import DecisionRequest, is_id

LEAST_KEY_BYTES = 32

_NAME_BYTES = 16
"""128 bits: among 10⁹ units the chance that any two share a name is below 10⁻²⁰."""


class UnitNames:
    """From a unit, as callers say it, to its name.

    Args:
        key: what names are hashed with, `LEAST_KEY_BYTES` to 64 bytes; none keeps units as they are.

    Raises:
        InvalidInput: a key that is too short or too long.
    """

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and not LEAST_KEY_BYTES <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            raise InvalidInput(
                f"the key of units must have {LEAST_KEY_BYTES} to {hashlib.blake2b.MAX_KEY_SIZE} "
                f"bytes, got {len(key)}"
            )
        self._key = key

    def of(self, unit: str) -> str:
        """The name of `unit`: itself, or 32 hexadecimal digits.

        Example:
            >>> UnitNames().of("user-7")
            'user-7'
            >>> UnitNames(bytes(32)).of("user-7") == UnitNames(bytes(32)).of("user-7")
            True
        """
        if self._key is None:
            return unit
        # A lone surrogate is no UTF-8; as an id it is refused, but not here.
        text = unit.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=_NAME_BYTES).hexdigest()

    def within(self, request: DecisionRequest) -> DecisionRequest:
        """`request` with the name of its unit; as it is where that is no id, to be refused for it."""
        unit = request.unit
        if self._key is None or unit is None or not is_id(unit):
            return request
        return msgspec.structs.replace(request, unit=self.of(unit))
