"""`Recorder`: decisions into the log, and what is then answered: they, or what stands for them.

Counts each answer as what it is. Refuses to decide anything, and to answer what is not in the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import Decision, Draft, Kind, Time, Unavailable, encode
from tamesu.ports import Meter
from tamesu.serve.core.again import Again, request_key
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.doubts import Doubts
from tamesu.serve.core.ticket import Ticket
from tamesu.serve.core.wire import DecisionAnswer, DecisionRequest

ATTEMPTS = 4
"""How often claims are made before their doubts are somebody else's: one may be found behind another."""

_DECISION = Kind.DECISION.value


class Recorder:
    """Records what a decider makes.

    Args:
        appender: claims and appends.
        doubts: settles what an append left open.
        meter: takes `decisions_total`, `fallbacks_total`, `repeats_total`, `sticky_total` and
            `unclaimed_total`.
    """

    def __init__(self, *, appender: Appender, doubts: Doubts, meter: Meter) -> None:
        self._appender = appender
        self._doubts = doubts
        self._meter = meter

    async def record(
        self,
        bandit: str,
        decisions: Sequence[Decision],
        agains: Sequence[Again | None],
        made: Time,
    ) -> list[DecisionAnswer]:
        """An answer for each decision: for what was answered before, the earlier decision's.

        Args:
            bandit: whose they are.
            decisions: of which nobody knows yet; appended together, and not at all while a claim of
                one is in doubt.
            agains: what each of them claims, or none.
            made: when the first was made.

        Raises:
            Unavailable: the log did not take them in time; the outcome may be unknown.
        """
        if not decisions:
            return []
        drafts = [Draft(each.decision_id, _DECISION, encode(each)) for each in decisions]
        claims = agains if any(agains) else ()
        for _ in range(ATTEMPTS):
            ticket = self._appender.submit(drafts, claims=claims, made=made)
            await ticket.future
            if not ticket.doubts:
                return [self._answer(bandit, ticket, *each) for each in enumerate(decisions)]
            await self._doubts.settle(ticket.doubts.values())
        raise Unavailable(
            "an earlier decision of the same request must be found in the log or not, others keep "
            "changing what stands for it",
            hint="try again in a moment, with the same request_id",
        )

    async def earlier(self, bandit: str, request: DecisionRequest) -> DecisionAnswer | None:
        """What was decided for its request id, if anything was and the log has it.

        Raises:
            Unavailable, Corrupt: the log cannot be read.
        """
        if request.request_id is None:
            return None
        earlier = await self._doubts.recorded(request_key(bandit, request.request_id))
        if earlier is None:
            return None
        self._meter.count("repeats_total", bandit=bandit)
        return DecisionAnswer.of(earlier, sticky=earlier.request_id != request.request_id)

    def _answer(
        self, bandit: str, ticket: Ticket, index: int, decision: Decision
    ) -> DecisionAnswer:
        """What is answered where `decision` was made, counted as what it is."""
        unclaimed = index in ticket.unclaimed
        if unclaimed:
            self._meter.count("unclaimed_total", bandit=bandit)
        earlier = ticket.earlier.get(index, decision)
        if earlier.decision_id == decision.decision_id:
            self._meter.count("decisions_total", bandit=bandit)
            if decision.fallback:
                self._meter.count("fallbacks_total", bandit=bandit)
            return DecisionAnswer.of(decision, unclaimed=unclaimed)
        asked = decision.request_id
        sticky = asked is None or earlier.request_id != asked
        self._meter.count("sticky_total" if sticky else "repeats_total", bandit=bandit)
        return DecisionAnswer.of(earlier, sticky=sticky, unclaimed=unclaimed)
