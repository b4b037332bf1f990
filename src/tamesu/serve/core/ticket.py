"""`Ticket`: one submission to the log's writer, and what becomes of it.

Shared by the event loop, which waits, and the writer thread, which writes; each field has one writer.
Refuses to say anything before its future is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tamesu.base import Decision, Draft, Time
from tamesu.serve.core.again import Again

# Of tickets without claims, which are most; never written.
_NO_EARLIER: dict[int, Decision] = {}
_NO_INDICES: set[int] = set()


class Standing(NamedTuple):
    """A record that stands as a claim, and its key; no key where it was found under none."""

    key: str
    record: bytes


_NO_DOUBTS: dict[int, Standing] = {}


class Ticket:
    """One submission: drafts that are appended together, and the future that says how it went.

    Attributes:
        drafts: in their order.
        claims: for each draft what it claims, or none; empty where no draft claims anything.
        made: when the first of its decisions was made; none where it holds no decision.
        future: done with none once durable, or with the error.
        due: loop time at which the submitter stops waiting.
        taken: the writer has begun with it; set by the writer.
        abandoned: nobody waits any more; set by the loop. A ticket abandoned before it is taken is
            never appended.
        writes: whether something of it is to be appended, and not all was there before; set by the
            writer, as the following are.
        earlier: by the draft's index, the decision that stands for its claim, of which it is sure.
        doubts: by the draft's index, what stands as its claim and may be in the log or not; of a
            ticket with doubts nothing was appended.
        unclaimed: the indices of drafts whose claims could not all be made.
    """

    __slots__ = (
        "abandoned",
        "claims",
        "doubts",
        "drafts",
        "due",
        "earlier",
        "future",
        "made",
        "taken",
        "unclaimed",
        "writes",
    )

    def __init__(
        self,
        drafts: Sequence[Draft],
        future: asyncio.Future[None],
        due: float,
        claims: Sequence[Again | None] = (),
        made: Time | None = None,
    ) -> None:
        self.drafts = drafts
        self.claims = claims
        self.made = made
        self.future = future
        self.due = due
        self.taken = False
        self.abandoned = False
        self.writes = True
        self.earlier: dict[int, Decision] = {} if claims else _NO_EARLIER
        self.doubts: dict[int, Standing] = {} if claims else _NO_DOUBTS
        self.unclaimed: set[int] = set() if claims else _NO_INDICES

    def made_before(self, moment: int) -> bool:
        """Whether a decision of it is older than that."""
        return self.made is not None and self.made < moment
