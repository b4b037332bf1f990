"""A bandit in memory as bytes.

Refuses bytes of another kind, version or content than it wrote.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.bandit.ledger import Ledger
from tamesu.bandit.memory import Memory
from tamesu.bandit.naming import ArmId, labels_of
from tamesu.base import Corrupt, Declaration, InvalidInput

VERSION = 1


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    v: int
    declaration: dict[str, Any]
    labels: list[str | int]
    retired: list[str]
    state: bytes
    made: int
    learnt: bytes
    learnt_at: int = 0
    earned: dict[str, list[str]] | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Saved)


def to_bytes(memory: Memory, labels: dict[str, ArmId]) -> bytes:
    """The bytes of `memory`, and of what its arms are called."""
    return _encoder.encode(
        _Saved(
            v=VERSION,
            declaration=memory.declaration.plain(),
            labels=[labels[arm] for arm in memory.declaration.arm_ids],
            retired=sorted(memory.retired),
            state=memory.policy.encode(memory.state),
            made=memory.ledger.made,
            learnt=memory.ledger.to_bytes(),
            learnt_at=memory.learnt_at,
            earned=None if memory.earned is None else memory.earned.plain(),
        )
    )


def from_bytes(data: bytes) -> tuple[Memory, dict[str, ArmId]]:
    """What `to_bytes` wrote.

    Raises:
        Corrupt: other bytes, or another version.
    """
    try:
        saved = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise Corrupt(f"these bytes are no saved bandit: {problem}") from problem
    if saved.v != VERSION:
        raise Corrupt(f"a saved bandit must be of version {VERSION}, got {saved.v}")
    try:
        memory = Memory(Declaration.parse(saved.declaration))
        labels = labels_of(saved.labels)
    except InvalidInput as problem:
        raise Corrupt(f"the saved declaration does not hold: {problem.message}") from problem
    ledger = Ledger.from_bytes(saved.made, saved.learnt)
    memory.restore(
        state=saved.state,
        ledger=ledger,
        retired=saved.retired,
        learnt_at=saved.learnt_at,
        earned=saved.earned,
    )
    return memory, labels
