"""`Outbox`: events that were tracked and are not yet acknowledged, in their order.

Each is in it until a server acknowledged it or it was handed back: to `Unsent`, and so to the user.
It is bounded: an event for which there is no room is refused at once, with an error. Safe from several
threads. Refuses to drop anything, and to send.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from tamesu.base import Backpressure, InvalidInput, TamesuError, Time, Unsent
from tamesu.base.reward import SKEW_US
from tamesu.client.batching import Batching
from tamesu.client.outbound import MOST, parts

SECOND_US = 1_000_000


@dataclass(frozen=True)
class Waiting:
    """An event that is not acknowledged: its number in order, and since when (monotonic, seconds)."""

    number: int
    event: dict[str, Any]
    since_s: float

    def said(self, *, is_kept: bool = False) -> dict[str, Any]:
        """The event as it is sent: with its moment, if it has waited longer than clocks may differ.

        Sooner, the moment of arrival is as good, and right even where this machine's clock is wrong.

        Args:
            is_kept: it is handed back, and nobody knows how long it will wait yet.
        """
        age_us = int((time.monotonic() - self.since_s) * SECOND_US)
        if "time" in self.event or (age_us <= SKEW_US and not is_kept):
            return self.event
        return {**self.event, "time": Time(time.time_ns() // 1_000 - age_us).text()}


class Outbox:
    """Events on their way.

    Args:
        batching: when they go, and how many there may be.
        ring: called when there is something to do; from any thread, must not block.
    """

    def __init__(self, batching: Batching, ring: Callable[[], None]) -> None:
        self._batching = batching
        self._ring = ring
        self._end_s: float | None = None
        self.renew()

    def renew(self) -> None:
        """Empties it, unlocked: for a process that was forked, whose parent sends what is here."""
        self._lock = threading.Lock()
        self._queue: deque[Waiting] = deque()
        self._flying: list[Waiting] = []
        self._refused: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._flushes: list[tuple[int, Future[None]]] = []
        self._next = 0
        self._hurried = 0

    def put(self, events: Sequence[dict[str, Any]]) -> None:
        """Takes `events`, all or none.

        Raises:
            Backpressure: there is no room; none was taken.
            InvalidInput: it is closed.
        """
        with self._lock:
            if self._end_s is not None:
                raise closed()
            held = self._held()
            if held + len(events) > self._batching.most:
                raise self._full(held)
            now = time.monotonic()
            for event in events:
                self._queue.append(Waiting(self._next, event, now))
                self._next += 1
            before = len(self._queue) - len(events)
            rings = before == 0 or before < self._batching.size <= len(self._queue)
        if rings:
            self._ring()

    def due_s(self) -> float | None:
        """Seconds until something must be sent, 0 for now; none: nothing waits."""
        with self._lock:
            if not self._queue:
                return None
            oldest = self._queue[0]
            if len(self._queue) >= self._batching.size or oldest.number < self._hurried:
                return 0.0
            return max(0.0, oldest.since_s + self._batching.every_s - time.monotonic())

    @property
    def left_s(self) -> float | None:
        """Seconds until what is still here is handed back; none: nobody closes it."""
        return None if self._end_s is None else self._end_s - time.monotonic()

    def take(self) -> tuple[list[Waiting], list[msgspec.Raw]]:
        """The oldest that go in one call, and what they say; until `settle` they are on their way.

        Nothing where nothing waits: it may have been handed back since it was due.
        """
        with self._lock:
            oldest = list(islice(self._queue, MOST))
        # Not under the lock: whoever tracks does not wait while a thousand are written out.
        _, said = next(parts([waiting.said() for waiting in oldest]), (0, []))
        with self._lock:
            if not (self._queue and self._queue[0] is oldest[0]):
                return [], []
            self._flying = [self._queue.popleft() for _ in said]
            return self._flying, said

    def settle(
        self, batch: list[Waiting], refusals: Mapping[int, Mapping[str, Any]], again: set[int]
    ) -> None:
        """What was on its way has arrived, or not.

        Args:
            batch: what `take` gave; nothing happens where it was handed back meanwhile.
            refusals: what is said of those refused for good, by their index in the batch.
            again: indices of those that must be sent once more.
        """
        with self._lock:
            if self._flying is not batch:
                return
            self._refused += [
                (self._flying[index].event, dict(told)) for index, told in refusals.items()
            ]
            back = [waiting for index, waiting in enumerate(self._flying) if index in again]
            self._queue.extendleft(reversed(back))
            self._flying = []
            first = self._queue[0].number if self._queue else self._next
            done = [future for mark, future in self._flushes if mark <= first]
            self._flushes = [(mark, future) for mark, future in self._flushes if mark > first]
        for future in done:
            if not future.done():
                future.set_result(None)

    def flushed(self) -> Future[None]:
        """Sends without waiting for more; done when all that was put before is settled."""
        future: Future[None] = Future()
        with self._lock:
            self._hurried = self._next
            waits = bool(self._flying or self._queue)
            if waits:
                self._flushes.append((self._next, future))
        if waits:
            self._ring()
        else:
            future.set_result(None)
        return future

    def close(self, timeout_s: float) -> None:
        """Takes no more, and has the rest sent within `timeout_s`; the first call of it counts."""
        with self._lock:
            if self._end_s is None:
                self._end_s = time.monotonic() + timeout_s
            self._hurried = self._next
        self._ring()

    @property
    def waiting(self) -> int:
        """How many are not acknowledged, and not refused."""
        with self._lock:
            return len(self._queue) + len(self._flying)

    def hand_back(self, *, all_of_them: bool) -> Unsent | None:
        """The refused, and if `all_of_them` those that wait: they are no longer here. None: none."""
        with self._lock:
            refused, self._refused = self._refused, []
            kept = [*self._flying, *self._queue] if all_of_them else []
            if all_of_them:
                self._flying, self._queue = [], deque()
        if not refused and not kept:
            return None
        events = [event for event, _ in refused] + [event.said(is_kept=True) for event in kept]
        refusals = [{**told, "index": index} for index, (_, told) in enumerate(refused)]
        return _unsent(events, refusals)

    def _held(self) -> int:
        return len(self._queue) + len(self._flying) + len(self._refused)

    def _full(self, held: int) -> Backpressure:
        refused = len(self._refused)
        return Backpressure(
            f"at most {self._batching.most:,} events may wait to be acknowledged, "
            f"{held:,} do ({refused:,} of them refused)",
            hint="flush() hands back the refused" if refused else "see that the server answers",
            retry_after_s=self._batching.every_s,
            waiting=held - refused,
            refused=refused,
        )


def refusal(error: TamesuError) -> dict[str, Any]:
    """What is told of an event that `error` refused."""
    return {"code": error.code, "detail": error.message, "hint": error.hint}


def closed() -> InvalidInput:
    """The error for a client that was closed."""
    return InvalidInput("a client must be open to be used, this one is closed")


def _unsent(events: list[dict[str, Any]], refusals: list[dict[str, Any]]) -> Unsent:
    late = len(events) - len(refusals)
    said = [f"{late:,} not acknowledged in time"] if late else []
    if refusals:
        said.append(f"{len(refusals):,} refused, the first because {refusals[0]['detail']}")
    return Unsent(
        f"events were not delivered: {' and '.join(said)}",
        hint="save_events() keeps them in a file; track_many() sends them again, none counts twice",
        events=events,
        refusals=refusals,
        count=len(events),
    )
