"""The bodies of rows as records: one that cannot be read is `Corrupt`, and says which store it is in.

Refuses to guess what a damaged one meant.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from tamesu.base import Command, Correction, Corrupt, Declaration, InvalidInput, Roster, Snapshot
from tamesu.base.shapes import from_wire

T = TypeVar("T")

decode_snapshot = msgspec.json.Decoder(Snapshot, dec_hook=from_wire).decode
decode_roster = msgspec.json.Decoder(Roster, dec_hook=from_wire).decode
decode_command = msgspec.json.Decoder(Command, dec_hook=from_wire).decode
decode_correction = msgspec.json.Decoder(Correction, dec_hook=from_wire).decode


def decode_declaration(body: bytes) -> Declaration:
    """The declaration that `body` spells out."""
    return Declaration.parse(msgspec.json.decode(body))


def read(decode: Callable[[bytes], T], body: bytes, path: Path) -> T:
    """What `decode` makes of `body`, which the store at `path` holds.

    Raises:
        Corrupt: it cannot be read.
    """
    try:
        return decode(body)
    except (msgspec.MsgspecError, InvalidInput, UnicodeDecodeError) as problem:
        raise Corrupt(
            f"{path} must hold records that can be read, one cannot: {problem}",
            hint="restore the store from a backup; keep the damaged file for diagnosis",
            path=str(path),
        ) from problem
