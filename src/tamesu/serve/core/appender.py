"""`Appender`: the one thread of a server that writes into the log.

It takes whatever waits, claims what that claims, and appends it as one, so that a busy log is asked
rarely and a quiet one at once: group commit without a timer. What it promises to whoever submits: the
answer comes after the records are durable, or an error comes within the deadline. Refuses to drop
anything silently and to queue without bound.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence

import structlog

from tamesu.base import TICK, Backpressure, Draft, TamesuError, Time, Unavailable
from tamesu.base.times import SECOND_US
from tamesu.ports import Clock, EventLog, Meter
from tamesu.serve.core.again import Again
from tamesu.serve.core.claims import FRESH_US, Claims
from tamesu.serve.core.ticket import Ticket
from tamesu.serve.core.ticking import TICK_S, Ticking
from tamesu.serve.core.trace import trace
from tamesu.serve.core.waiting import Waiting
from tamesu.serve.core.writing import Writing, failed

_log = structlog.get_logger("tamesu.serve.appender")


class Appender:
    """Writes what a server decides and hears into the log, durably, in batches.

    Concurrent case: `submit` belongs to the event loop that `start` was called on; the writer thread
    alone appends and claims.

    Args:
        log: where to; other servers may write it, too.
        clock: to compare with the log's clock.
        meter: takes `append_seconds`.
        claims: makes the claims of what is submitted.
        deadline_s: longest wait of a submission.
        most_waiting: records that may wait; beyond it `submit` refuses.
        most_batch: records of one append; a ticket is never divided.
        tick_s: age of the newest record at which a tick is appended.
    """

    def __init__(  # noqa: PLR0913 - its parts and four limits, all named by their callers
        self,
        log: EventLog,
        clock: Clock,
        meter: Meter,
        claims: Claims,
        *,
        deadline_s: float = 1.0,
        most_waiting: int = 20_000,
        most_batch: int = 2_000,
        tick_s: float = TICK_S,
    ) -> None:
        self._clock = clock
        self._meter = meter
        self._claims = claims
        self._deadline_s = deadline_s
        self._most_waiting = most_waiting
        self._most_batch = most_batch
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._waiting = Waiting(deadline_s)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writing = Writing(log, clock, meter)
        self._ticking = Ticking(log, clock, tick_s)

    # On the event loop --------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the writer thread; answers go to the running event loop."""
        loop = self._loop = asyncio.get_running_loop()
        self._ticking.landed()
        self._thread = threading.Thread(
            target=self._write, args=(loop,), name="tamesu-appender", daemon=True
        )
        self._thread.start()

    def submit(
        self,
        drafts: Sequence[Draft],
        *,
        claims: Sequence[Again | None] = (),
        made: Time | None = None,
    ) -> Ticket:
        """Hands `drafts` to the writer, to be appended together.

        Args:
            drafts: in their order.
            claims: what each draft claims, or none; empty where there is nothing at all.
            made: when the first decision among them was made: soon after it is too old to append.

        Raises:
            Backpressure: too much waits already; nothing was taken.
            Unavailable: the server is shutting down; nothing was taken.
        """
        loop = self._loop
        if loop is None or self._closing:
            raise Unavailable(
                "the server must be running to record anything, it is shutting down",
                hint="try again: another server or the restarted one answers",
            )
        waiting = self._waiting.records
        if waiting + len(drafts) > self._most_waiting:
            raise Backpressure(
                f"at most {self._most_waiting:,} records may wait to be written, {waiting:,} do",
                hint="send less at once, or try again later",
                retry_after_s=self._deadline_s,
            )
        ticket = Ticket(drafts, loop.create_future(), loop.time() + self._deadline_s, claims, made)
        self._waiting.add(ticket)
        self._queue.put(ticket)
        return ticket

    async def close(self, patience_s: float = 5.0) -> bool:
        """Appends all that waits, then ends the writer; a second call waits with the first.

        Returns whether everything was written; with a log that hangs it gives up after `patience_s`,
        and at once where the writer died.
        """
        if self._thread is None:
            return True
        died = self.died
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join, patience_s)
        await asyncio.sleep(0)  # lets the last answers out
        done = not (died or self._thread.is_alive())
        if not done:
            _log.error("closed with records unwritten", waiting=self.waiting, writer_died=died)
        self._waiting.stop(giving_up=not done)
        return done

    @property
    def silence_s(self) -> float:
        """Seconds since this server last appended something; ticks keep it below some seconds."""
        return self._ticking.silence_s

    @property
    def skew_ms(self) -> int:
        """How far this machine's clock was ahead of the log's at the last append (ms)."""
        return self._writing.skew_ms

    @property
    def received_ms(self) -> int:
        """The log's moment of the last append (ms), 0 before the first."""
        return self._writing.received_ms

    @property
    def died(self) -> bool:
        """Whether the writer ended unasked, on a defect: then nothing will ever be recorded here."""
        thread = self._thread
        return thread is not None and not thread.is_alive() and not self._closing

    @property
    def closing(self) -> bool:
        """Whether it takes no more."""
        return self._closing

    @property
    def waiting(self) -> int:
        """Records submitted and not yet answered for."""
        return self._waiting.records

    # On the writer thread -----------------------------------------------------------------------

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        going = True
        while going:
            tickets, going = self._take()
            try:
                if tickets:
                    self._record(tickets, loop)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                return
            if going and not self._ticking.rest_s and self._ticking.due():
                self._tick()

    def _record(self, tickets: list[Ticket], loop: asyncio.AbstractEventLoop) -> None:
        """Claims, appends, confirms, and lets the loop answer."""
        now = self._clock.now()
        old = [ticket for ticket in tickets if ticket.made_before(now - FRESH_US)]
        if old:
            tickets = [ticket for ticket in tickets if ticket not in old]
            loop.call_soon_threadsafe(self._waiting.settle, old, _too_old())
        try:
            claimed = self._claims.claim(tickets, now)
        except Exception as problem:  # noqa: BLE001 - a defect must not end the writer
            _log.error("claiming failed on a defect", trace=trace(problem))
            for ticket in tickets:
                ticket.writes = True  # nothing is known of any of them
            loop.call_soon_threadsafe(self._waiting.settle, tickets, failed(problem))
            return
        error = self._append(claimed.drafts) if claimed.drafts else None
        self._claims.confirm(claimed.known if error is None else claimed.sure)
        loop.call_soon_threadsafe(self._waiting.settle, tickets, error)

    def _append(self, drafts: Sequence[Draft]) -> TamesuError | None:
        error = self._writing.append(drafts)
        if error is None:
            self._ticking.landed()
        return error

    def _tick(self) -> None:
        if self._append([TICK]) is None:
            self._meter.count("ticks_total")

    def _take(self) -> tuple[list[Ticket], bool]:
        """All that waits, up to one batch; nothing when it is time for a tick."""
        tickets: list[Ticket] = []
        size = 0
        try:
            next_one = self._queue.get(timeout=self._ticking.rest_s)
            while True:
                if next_one is None:
                    return tickets, False
                next_one.taken = True
                if not next_one.abandoned:
                    tickets.append(next_one)
                    size += len(next_one.drafts)
                    if size >= self._most_batch:
                        break
                next_one = self._queue.get_nowait()
        except queue.Empty:
            pass
        return tickets, True


def _too_old() -> Unavailable:
    """Appended now, a decision might lie too far from the time in its id for the join to take it."""
    return Unavailable(
        f"a decision must reach the log within {FRESH_US // SECOND_US} s of being made, it did not; "
        "it was not recorded",
        hint="ask for fewer decisions at once, or try again",
        outcome="not recorded",
    )
