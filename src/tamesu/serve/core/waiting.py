"""`Waiting`: the submissions that nobody has answered for yet, none of them for longer than the deadline.

Refuses to touch the log: it belongs to the event loop, whatever the writer thread is stuck in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from tamesu.base import TamesuError, Unavailable
from tamesu.serve.core.ticket import Ticket

SWEEP_S = 0.05
"""How often overdue submissions are looked for: the deadline is kept to within this."""


class Waiting:
    """Tickets in the order in which they came. Belongs to the event loop.

    Args:
        deadline_s: longest wait of a ticket.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._tickets: deque[Ticket] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self.records = 0
        """Drafts of tickets that may still be appended."""

    def add(self, ticket: Ticket) -> None:
        """One more, answered by `settle`, or when it is overdue."""
        self.records += len(ticket.drafts)
        self._tickets.append(ticket)
        if self._sweeper is None:
            loop = asyncio.get_running_loop()
            self._sweeper = loop.call_later(SWEEP_S, self._sweep)

    def settle(self, tickets: Sequence[Ticket], error: TamesuError | None) -> None:
        """Answers the tickets of one append; a ticket of which nothing was to append has no error.

        One that is overdue by now is refused, though it landed: this process stood still, and others
        may have given up on it.
        """
        now = asyncio.get_running_loop().time()
        for ticket in tickets:
            self.records -= len(ticket.drafts)
            if ticket.future.done():
                continue
            if not ticket.writes:
                ticket.future.set_result(None)
            elif error is not None:
                _refuse(ticket, error)
            elif ticket.due <= now:
                _refuse(ticket, self._overdue(unknown=True))
            else:
                ticket.future.set_result(None)

    def stop(self, *, giving_up: bool) -> None:
        """Sweeps no more; `giving_up`, it answers all that wait as overdue."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        if giving_up:
            self._expire(float("inf"))

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._expire(loop.time())
        self._sweeper = loop.call_later(SWEEP_S, self._sweep) if self._tickets else None

    def _expire(self, now: float) -> None:
        """Answers the tickets that are overdue and forgets the ones that are done."""
        tickets = self._tickets
        while tickets and (tickets[0].future.done() or tickets[0].due <= now):
            ticket = tickets.popleft()
            if ticket.future.done():
                continue
            ticket.abandoned = True
            # The order matters: the writer sets `taken` before it looks at `abandoned`.
            unknown = ticket.taken
            if not unknown:
                self.records -= len(ticket.drafts)
            _refuse(ticket, self._overdue(unknown=unknown))

    def _overdue(self, *, unknown: bool) -> Unavailable:
        return Unavailable(
            f"the log must take a record within {self._deadline_s:g} s, it did not; "
            + ("whether it was recorded is unknown" if unknown else "it was not recorded"),
            hint="try again; with the same request_id or event_id nothing happens twice",
            retry_after_s=self._deadline_s,
            outcome="unknown" if unknown else "not recorded",
        )


def _refuse(ticket: Ticket, error: TamesuError) -> None:
    ticket.future.set_exception(error)
    ticket.future.exception()  # whoever waits sees it; nobody waiting is no mistake
