"""The `inline` engine: the whole loop in the caller's thread, by the caller's clock.

For tests, notebooks and simulation: what it has learnt is exactly what the log holds at the moment
of the call. Refuses threads and waiting.
"""

from __future__ import annotations

from tamesu.engine.duties import duties
from tamesu.engine.learner import LEASE_US, Learner, turn_of
from tamesu.engine.upkeep import Upkeep
from tamesu.ports import Archive, Clock, EventLog, Store


class InlineEngine:
    """Learns when asked.

    Args:
        holder: who this engine is to the lease; the same holder takes over from itself.
    """

    def __init__(
        self,
        log: EventLog,
        store: Store,
        archive: Archive,
        clock: Clock,
        *,
        holder: str = "inline",
    ) -> None:
        lease = store.takeover(holder, clock.now(), LEASE_US)
        self._clock = clock
        self._learner = Learner(log, store, archive, clock, lease)
        self._duties = duties(log, store, archive)

    def step(self) -> int:
        """Reads once, commits if a batch is due; gives the number of entries read."""
        return self._learner.step().read

    def catch_up(self) -> int:
        """Reads to the end of the log and commits what is ready; gives the entries read."""
        total = 0
        while read := self._learner.step().read:
            total += read
        while self._learner.step(close=True).more:
            pass
        return total

    def tend(self) -> None:
        """Gives every duty its turns until none has more to do at this moment.

        Raises:
            Conflict: another engine has the lease.
        """
        upkeep = Upkeep(self._duties)
        while upkeep.tend(turn_of(self._learner, self._clock.now())):
            pass
