"""`read_state`: what a kept snapshot has learnt. Refuses to guess where its bytes cannot be read."""

from __future__ import annotations

from tamesu.base import Corrupt, Snapshot
from tamesu.policy import Policy, State


def read_state(policy: Policy, snapshot: Snapshot, body: bytes | None = None) -> State:
    """The state of `snapshot`, or what it has learnt aside in `body`.

    Raises:
        Corrupt: the bytes are no state of `policy`.
    """
    try:
        return policy.decode(snapshot.state if body is None else body)
    except Corrupt as error:
        whose = f"snapshot {snapshot.version} of bandit {snapshot.bandit!r}"
        whose = whose if body is None else f"what was learnt aside since {whose}"
        raise Corrupt(
            f"{whose} must be as its policy encoded it: {error.message}",
            hint="stop the server, and put a store in its place that is made of the records again:  "
            "tamesu replay --out FOLDER",
            bandit=snapshot.bandit,
            version=snapshot.version,
        ) from error
