"""Reproducible randomness of a decision, a pure function of its id: uniforms by counter, and a stream.

Counters 0, 1, 2 … belong to positions; whoever draws many at once takes the stream. The two have nothing
in common. Refuses any other source of randomness.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from hashlib import blake2b, shake_128

import numpy as np
from numpy.typing import NDArray

_COUNTERS = tuple(counter.to_bytes(8, "little") for counter in range(64))
_FIRST_WORD = struct.Struct("<Q").unpack_from
_STEP = 2.0**-53
_WIDE_STEP = 2.0**-52


class Uniforms:
    """The uniforms of one decision: in [0, 1) by counter, and in (0, 1) as a stream.

    u_i = (first 8 bytes, little-endian, of BLAKE2b(key = seed as 8 bytes little-endian,
    message = UTF-8 decision id + i as 8 bytes little-endian)) >> 11, times 2^-53.

    The stream is SHAKE-128(seed as 8 bytes little-endian + UTF-8 decision id), word by word of 8 bytes,
    little-endian: v_i = (word_i >> 12) times 2^-52, plus 2^-53.

    Example:
        >>> Uniforms(seed_key(7), "demo.1.x")(0) == Uniforms(seed_key(7), "demo.1.x")(0)
        True
    """

    __slots__ = ("_id", "_key")

    def __init__(self, key: bytes, decision_id: str) -> None:
        self._key = key
        self._id = decision_id.encode()

    def __call__(self, counter: int) -> float:
        """The uniform at `counter` (from 0)."""
        tail = _COUNTERS[counter] if counter < 64 else counter.to_bytes(8, "little")  # noqa: PLR2004 - length of _COUNTERS
        word: int = _FIRST_WORD(blake2b(self._id + tail, key=self._key).digest())[0]
        return (word >> 11) * _STEP

    def of_objective(self, number: int) -> Uniforms:
        """Uniforms of the same decision for one of several objectives, independent of these."""
        return Uniforms(self._key, f"{self._id.decode()}#{number}")

    def stream(self, n: int) -> NDArray[np.float64]:
        """(n,) uniforms in (0, 1), independent of those by counter: inverse distributions of them are finite.

        Law: a shorter stream is the beginning of a longer one.

        Example:
            >>> bool(0.0 < Uniforms(seed_key(7), "demo.1.x").stream(3).min())
            True
        """
        words = np.frombuffer(shake_128(self._key + self._id).digest(8 * n), dtype="<u8")
        return (words >> np.uint64(12)).astype(np.float64) * _WIDE_STEP + _STEP


def seed_key(seed: int) -> bytes:
    """The key of a bandit's uniforms: its seed, [0, 2^63), as 8 bytes little-endian."""
    return seed.to_bytes(8, "little")


def first_uniforms(key: bytes, decision_ids: Iterable[str]) -> NDArray[np.float64]:
    """(n,) uniform 0 of each of n decisions: `Uniforms(key, id)(0)`, at less cost each."""
    tail = _COUNTERS[0]
    words = b"".join(blake2b(id_.encode() + tail, key=key).digest()[:8] for id_ in decision_ids)
    return (np.frombuffer(words, dtype="<u8") >> np.uint64(11)).astype(np.float64) * _STEP
