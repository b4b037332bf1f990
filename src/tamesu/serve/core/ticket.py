"""`Ticket`: one submission to the log's writer, and what becomes of it.

Shared by the event loop, which waits, and the writer thread, which writes; each field has one writer.
Refuses to forget: a ticket whose submitter gave up still learns whether its records landed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum

from tamesu.base import Draft


class Landing(Enum):
    """What is known of a submission's records."""

    OPEN = "open"
    LANDED = "landed"
    FAILED = "failed"


class Ticket:
    """One submission: drafts that are appended together, and the future that says how it went.

    Attributes:
        drafts: in their order.
        future: done with none once durable, or with the error.
        due: loop time at which the submitter stops waiting.
        taken: the writer has begun with it; set by the writer.
        abandoned: nobody waits any more; set by the loop. A ticket abandoned before it is taken is
            never appended.
        landing: what became of the records, also after the submitter stopped waiting.
    """

    __slots__ = ("abandoned", "drafts", "due", "future", "landing", "taken")

    def __init__(self, drafts: Sequence[Draft], future: asyncio.Future[None], due: float) -> None:
        self.drafts = drafts
        self.future = future
        self.due = due
        self.taken = False
        self.abandoned = False
        self.landing = Landing.OPEN
