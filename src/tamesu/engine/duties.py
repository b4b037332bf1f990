"""Every duty of a trainer, put together in the order in which they first have their turn.

Refuses to hold what any of them does.
"""

from __future__ import annotations

from tamesu.engine.archivist import Archivist
from tamesu.engine.closed_slices import ClosedSlices
from tamesu.engine.duty import Duty
from tamesu.engine.retention import Retention
from tamesu.engine.thinning import Thinning
from tamesu.ports import Archive, EventLog, Store


def duties(
    log: EventLog,
    store: Store,
    archive: Archive,
    *,
    retention_ms: int | None = None,
) -> list[Duty]:
    """The duties of one trainer.

    Args:
        log: what is archived and retired.
        store: its manifest.
        archive: where files lie.
        retention_ms: how long the log keeps what is learnt and archived; for ever without.
    """
    made: list[Duty] = [
        Archivist(log, store, archive),
        ClosedSlices(store, archive),
        Thinning(store),
    ]
    if retention_ms is not None:
        made.append(Retention(log, store, retention_ms))
    return made
