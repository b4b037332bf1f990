"""Every duty of a trainer, put together in the order in which they first have their turn.

Refuses to hold what any of them does.
"""

from __future__ import annotations

from tamesu.engine.aggregation import Aggregation
from tamesu.engine.archivist import Archivist
from tamesu.engine.closed_slices import ClosedSlices
from tamesu.engine.duty import Duty
from tamesu.engine.forgetting import Forgetting
from tamesu.engine.retention import Retention
from tamesu.engine.roller import Roller
from tamesu.engine.sweeper import Sweeper
from tamesu.engine.thinning import Thinning
from tamesu.ports import Aggregates, Archive, EventLog, Store


def duties(  # noqa: PLR0913 - the ports, and how long each of them keeps
    log: EventLog,
    store: Store,
    archive: Archive,
    *,
    aggregates: Aggregates | None = None,
    retention_ms: int | None = None,
    archive_retention_us: int | None = None,
) -> list[Duty]:
    """The duties of one trainer.

    Args:
        log: what is archived and retired.
        store: its manifest.
        archive: where files lie.
        aggregates: where sums of observations are kept; without it nobody makes them.
        retention_ms: how long the log keeps what is learnt and archived; for ever without.
        archive_retention_us: how long the archive keeps its files; for ever without.
    """
    made: list[Duty] = [
        Archivist(log, store, archive),
        ClosedSlices(store, archive),
        Thinning(store),
        Roller(store, archive),
        Sweeper(store, archive),
    ]
    if aggregates is not None:
        made.append(Aggregation(store, archive, aggregates))
    if retention_ms is not None:
        made.append(Retention(log, store, retention_ms))
    if archive_retention_us is not None:
        made.append(Forgetting(store, archive_retention_us))
    return made
