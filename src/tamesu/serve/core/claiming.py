"""`Claiming`: one draft while its claims are made; `Claimed`: what comes of those of some tickets.

Refuses to ask the cache: that is `claims`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from tamesu.base import Decision, Draft, Kind, TamesuError, Time, decode_decision, parse_decision_id
from tamesu.ports import Claim, Wanted
from tamesu.serve.core.again import Again, By
from tamesu.serve.core.ticket import Standing, Ticket

_log = structlog.get_logger("tamesu.serve.claims")
_DECISION = Kind.DECISION.value


class Claiming:
    """One draft that claims, and what stands for it: its own record, until another is found.

    Attributes:
        index: of the draft in its ticket.
        again: what it claims.
        standing: the record that stands, and the key under which it was found, if it was.
        earlier: the decision found, none while nothing was.
        confirmed: whether that one is known to be in the log.
        lost: some claim could not be made.
    """

    __slots__ = ("again", "confirmed", "earlier", "index", "lost", "standing")

    def __init__(self, index: int, again: Again, body: bytes) -> None:
        self.index = index
        self.again = again
        self.standing = Standing("", body)
        self.earlier: Decision | None = None
        self.confirmed = False
        self.lost = False

    def claims(self, by: By, oldest: Time) -> bool:
        """Whether it is to claim so: not where its request id is known, or what stands is in doubt."""
        answered = self.earlier is not None and self.standing.key == self.again.request
        return self.again.key(by) is not None and not answered and not self.in_doubt(oldest)

    def wanted(self, by: By, request_ends: Time) -> Wanted:
        """The claim that it makes, for what stands by now."""
        ends = self.again.unit_ends if by is By.UNIT else request_ends
        return str(self.again.key(by)), self.standing.record, ends

    def find(self, claim: Claim, by: By) -> bool:
        """`claim` stands there already; gives whether it will do, and then it stands for this one."""
        decision = _read(claim)
        if decision is None or (by is By.UNIT and not self.again.takes(decision)):
            return False
        self.confirmed = claim.confirmed or (self.confirmed and claim.value == self.standing.record)
        self.earlier = decision
        self.standing = Standing(str(self.again.key(by)), claim.value)
        return True

    def in_doubt(self, oldest: Time) -> bool:
        """Whether what stands may be in the log or not, and was decided before `oldest`."""
        if self.earlier is None or self.confirmed:
            return False
        return parse_decision_id(self.earlier.decision_id).decided < oldest

    def unconfirmed(self) -> list[Standing]:
        """Its claims that are not known to be confirmed."""
        key, record = self.standing
        if key == self.again.request and self.earlier is not None:
            return [] if self.confirmed else [self.standing]
        keys = [each for each in (self.again.request, self.again.unit) if each is not None]
        return [Standing(each, record) for each in keys if not (self.confirmed and each == key)]


class Claimed:
    """What comes of the claims of some tickets.

    Attributes:
        drafts: what is to be appended for these tickets.
        known: the claims whose records are in the log once `drafts` are.
        sure: those of them whose records are in the log already.
    """

    __slots__ = ("_bodies", "drafts", "known", "sure")

    def __init__(self) -> None:
        self._bodies: set[bytes] = set()
        self.drafts: list[Draft] = []
        self.known: list[Standing] = []
        self.sure: list[Standing] = []

    def take(self, ticket: Ticket, claimings: Sequence[Claiming], oldest: Time) -> None:
        """One ticket, whose claims are made; with one of them in doubt it appends nothing."""
        if not ticket.claims:
            self.drafts.extend(ticket.drafts)
            return
        ticket.writes = False
        ticket.doubts = {each.index: each.standing for each in claimings if each.in_doubt(oldest)}
        if ticket.doubts:
            return
        claiming_of = {each.index: each for each in claimings}
        for index, draft in enumerate(ticket.drafts):
            claiming = claiming_of.get(index)
            if claiming is None:
                self._add(ticket, draft)
            else:
                self._take(ticket, draft, claiming)

    def _take(self, ticket: Ticket, draft: Draft, claiming: Claiming) -> None:
        earlier = claiming.earlier
        if earlier is None:
            self._add(ticket, draft)
        else:
            ticket.earlier[claiming.index] = earlier
            if not claiming.confirmed:
                record = claiming.standing.record
                self._add(ticket, Draft(earlier.decision_id, _DECISION, record))
        if claiming.lost:
            ticket.unclaimed.add(claiming.index)
        unconfirmed = claiming.unconfirmed()
        self.known += unconfirmed
        if claiming.confirmed:
            self.sure += unconfirmed

    def _add(self, ticket: Ticket, draft: Draft) -> None:
        """A draft of the ticket is to be appended, once for all that wait for it."""
        ticket.writes = True
        if draft.body not in self._bodies:
            self._bodies.add(draft.body)
            self.drafts.append(draft)


def _read(claim: Claim) -> Decision | None:
    """The decision that a claim is; none where it is none."""
    try:
        decision = decode_decision(claim.value)
        parse_decision_id(decision.decision_id)
    except (msgspec.MsgspecError, TamesuError):
        _log.error("a claim in the cache is no decision's: it goes", bytes=len(claim.value))
        return None
    return decision
