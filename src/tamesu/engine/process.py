"""The `process` engine: one trainer process, micro-batches, a lease.

It owns the loop: takes the lease, builds a learner from the last commit, drives it, renews the lease,
does the log's upkeep, gives the duties their turns between two steps, and starts over from the last
commit after any failure of a port. Refuses to
decide anything about records.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from tamesu.base import Conflict, Corrupt, TamesuError, Unavailable
from tamesu.engine.duties import duties
from tamesu.engine.learner import LEASE_US, Learner, Step, turn_of
from tamesu.engine.upkeep import Upkeep
from tamesu.ports import Aggregates, Archive, Clock, EventLog, Lease, Meter, Store

RENEW_US = 1_500_000
"""Thrice in the life of a lease: one slow step does not lose it."""

POLL_US = 20_000
"""Rest after a look that found nothing; small beside `batch.every`."""

RETRY_US = 500_000
"""Rest after a failure, before starting over from the last commit."""

UPKEEP_US = 1_000_000
"""How often the log is looked after; looking costs less than a read."""

_log = structlog.get_logger("tamesu.engine")


class ProcessEngine:
    """Drives a learner until told to stop.

    Args:
        holder: who this trainer is to the lease. The supervisor gives every trainer it starts the
            same holder and starts one only after its predecessor was reaped.
        succeeds: whether a predecessor of the same holder is known to be dead.
        beat: called at each turn of the loop, to show that it turns.
        aggregates: where sums of observations are kept; without it nobody makes them.
        retention_ms: how long the log keeps what is learnt and archived; for ever without.
        archive_retention_us: how long the archive keeps its files; for ever without.
    """

    def __init__(  # noqa: PLR0913 - the ports, and who it is
        self,
        log: EventLog,
        store: Store,
        archive: Archive,
        clock: Clock,
        meter: Meter,
        *,
        holder: str,
        succeeds: bool = False,
        beat: Callable[[], None] | None = None,
        aggregates: Aggregates | None = None,
        retention_ms: int | None = None,
        archive_retention_us: int | None = None,
    ) -> None:
        self._log, self._store, self._archive, self._clock = log, store, archive, clock
        self._meter = meter
        self._holder, self._succeeds = holder, succeeds
        self._beat = beat or (lambda: None)
        self._upkeep = Upkeep(
            duties(
                log,
                store,
                archive,
                aggregates=aggregates,
                retention_ms=retention_ms,
                archive_retention_us=archive_retention_us,
            ),
            meter,
        )
        self._failing = ""

    def run(self, stop: threading.Event) -> None:
        """Learns until `stop` is set, then commits what is ready and gives the lease back.

        Failures of ports are logged and tried again from the last commit, for ever; they lose
        nothing, since nothing was taken from the log.
        """
        while not stop.is_set():
            self._beat()
            try:
                lease = self._take_lease()
                self._learn(lease, stop)
            except (Conflict, Unavailable, Corrupt) as error:
                self._fail(error)
            if not stop.is_set():
                self._clock.sleep(RETRY_US)

    def _take_lease(self) -> Lease:
        take = self._store.takeover if self._succeeds else self._store.lease
        lease = take(self._holder, self._clock.now(), LEASE_US)
        if self._failing in ("", Conflict.code):
            self._failing = ""
            _log.info("lease taken", holder=self._holder, epoch=lease.epoch)
        return lease

    def _fail(self, error: TamesuError) -> None:
        """Tells a failure once, until a commit succeeds: a disk that is full must not be filled more."""
        self._meter.count("learning_failures_total", code=error.code)
        if error.code == self._failing:
            return
        self._failing = error.code
        if isinstance(error, Conflict):
            _log.warning("lease held by another trainer", reason=error.message)
        else:
            _log.warning("learning waits", code=error.code, reason=error.message, hint=error.hint)

    def _learn(self, lease: Lease, stop: threading.Event) -> None:
        learner = Learner(self._log, self._store, self._archive, self._clock, lease)
        renewed = tended = self._clock.now()
        try:
            while not stop.is_set():
                self._beat()
                step = self._step(learner)
                now = self._clock.now()
                if not 0 <= now - renewed < RENEW_US:
                    learner.renew(self._store.lease(self._holder, now, LEASE_US))
                    renewed = now
                if not 0 <= now - tended < UPKEEP_US:
                    self._log.upkeep()
                    tended = now
                was_due = self._upkeep.tend(turn_of(learner, now))
                if not (step.read or step.more or was_due):
                    self._clock.sleep(POLL_US)
            self._step(learner, close=True)
        finally:
            self._give_back(learner.lease)

    def _step(self, learner: Learner, *, close: bool = False) -> Step:
        """One step of `learner`, measured."""
        began = time.perf_counter()
        step = learner.step(close=close)
        if step.read or step.committed:
            meter = self._meter
            meter.level("lease_epoch", learner.lease.epoch)
            meter.count("steps_total")
            meter.count("records_read_total", step.read)
            meter.count("observations_learnt_total", step.observations)
            for command in step.commands:
                is_refused = command.effect is not None and command.effect.refusal is not None
                outcome = "refused" if is_refused else "applied"
                meter.count("commands_total", kind=command.kind, outcome=outcome)
            if step.committed:
                meter.observe("commit_seconds", time.perf_counter() - began)
                if self._failing:
                    _log.info("learning goes on", after=self._failing)
                    self._failing = ""
        return step

    def _give_back(self, lease: Lease) -> None:
        try:
            self._store.release(lease)
        except TamesuError as error:
            _log.warning("lease not given back; it runs out by itself", reason=error.message)
