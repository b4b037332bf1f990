"""`Decider`: a request in, a decision out that is in the log before it is answered.

Choose, encode once, append durably, answer. Refuses what it cannot take by name, and never repeats a
user's context or unit in a message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from tamesu.base import (
    Decision,
    Delivery,
    InvalidInput,
    NotFound,
    TamesuError,
    Time,
    TooLarge,
    decision_id,
)
from tamesu.ports import Clock, IdSource, Meter
from tamesu.serve.core.again import Again
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.contexts import Known, context_of
from tamesu.serve.core.fitting import check
from tamesu.serve.core.freshness import Freshness
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.recorder import Recorder
from tamesu.serve.core.refusals import Refusals
from tamesu.serve.core.trace import trace
from tamesu.serve.core.unit_features import UnitFeatures
from tamesu.serve.core.unit_names import UnitNames
from tamesu.serve.core.wire import MAX_BATCH, DecisionAnswer, DecisionRequest

BREATH_S = 0.002
"""How long a batch is decided at a stretch before others get a turn: one wide slate can take as long."""

_log = structlog.get_logger("tamesu.serve.decide")
_POSITIONS = range(10_000)


class Decider:
    """Decides for the bandits of a catalogue."""

    def __init__(  # noqa: PLR0913 - its parts, all named by the service
        self,
        *,
        catalogue: Catalogue,
        recorder: Recorder,
        units: UnitFeatures,
        freshness: Freshness,
        names: UnitNames,
        clock: Clock,
        ids: IdSource,
        meter: Meter,
    ) -> None:
        self._catalogue = catalogue
        self._recorder = recorder
        self._units = units
        self._freshness = freshness
        self._names = names
        self._clock = clock
        self._ids = ids
        self._meter = meter

    async def decide(self, bandit: str, request: DecisionRequest) -> DecisionAnswer:
        """One decision of `bandit`, in the log by the time it is given.

        Raises:
            NotFound: no such bandit, no such arm.
            InvalidInput: a request that the bandit cannot take.
            Unavailable: the log did not take it in time; the outcome may be unknown.
        """
        began = time.perf_counter()
        request = self._names.within(request)
        hot = await self._look(bandit, (request,))
        known: Known = {}
        if request.unit is not None and self._units.there:
            (known,) = await self._units.of(bandit, (request.unit,))
        now = self._clock.now()
        try:
            check(hot, request)
            decision = self._choose(hot, request, known, now)
        except NotFound:
            earlier = await self._recorder.earlier(bandit, request)
            if earlier is None:
                raise
            answer = earlier
        else:
            again = Again.of(hot, request, decision)
            (answer,) = await self._recorder.record(bandit, (decision,), (again,), now)
        self._meter.observe("decision_seconds", time.perf_counter() - began)
        return answer

    async def decide_many(
        self, bandit: str, requests: Sequence[DecisionRequest]
    ) -> list[DecisionAnswer]:
        """A decision for each of `requests` (1 to `MAX_BATCH`), appended together, in their order.

        Raises:
            InvalidInput: some cannot be taken, each named under `errors`; nothing was decided.
        """
        began = time.perf_counter()
        if not requests:
            raise InvalidInput("requests must hold at least one request, got none")
        if len(requests) > MAX_BATCH:
            raise TooLarge(f"at most {MAX_BATCH:,} requests in a batch, got {len(requests):,}")
        requests = [self._names.within(request) for request in requests]
        hot = await self._look(bandit, requests)
        known: Sequence[Known] = [{}] * len(requests)
        if self._units.there:
            known = await self._units.of(bandit, [request.unit for request in requests])
        refusals = Refusals("requests", "decided")
        decisions: list[Decision] = []
        agains: list[Again | None] = []
        again: dict[int, DecisionAnswer] = {}
        made = self._clock.now()
        since = began
        for index, request in enumerate(requests):
            if time.perf_counter() - since > BREATH_S:
                await asyncio.sleep(0)
                since = time.perf_counter()
            try:
                check(hot, request)
                decisions.append(self._choose(hot, request, known[index], self._clock.now()))
                agains.append(Again.of(hot, request, decisions[-1]))
            except TamesuError as error:
                is_gone = isinstance(error, NotFound)
                earlier = await self._recorder.earlier(bandit, request) if is_gone else None
                if earlier is None:
                    refusals.add(index, error)
                else:
                    again[index] = earlier
        refusals.raise_any(len(requests))
        answers = await self._recorder.record(bandit, decisions, agains, made)
        for index, earlier in again.items():
            answers.insert(index, earlier)
        self._meter.observe("decision_seconds", time.perf_counter() - began)
        return answers

    async def _look(self, bandit: str, requests: Sequence[DecisionRequest]) -> Hot:
        """The bandit, read from the store once where it or an arm that a request names is not held.

        Raises:
            NotFound: no such bandit.
            Unavailable: one is not held, and the store cannot be read.
        """
        hot = self._catalogue.find(bandit) or await self._catalogue.look(bandit)
        for request in requests:
            if request.eligible is not None and not hot.arms.issuperset(request.eligible):
                return await self._catalogue.renew(bandit) or hot
        return hot

    def _choose(self, hot: Hot, request: DecisionRequest, known: Known, now: Time) -> Decision:
        """A new decision, of which nobody knows yet; `known` are its unit's features.

        Raises:
            InvalidInput, NotFound: a context or an eligible set that cannot be.
        """
        declared = hot.declared
        name = declared.declaration.name
        identity = decision_id(name, declared.number, self._ids.uuid7(now))
        context = context_of(hot, request, known)
        fallback = hot.broken or context.lacks
        chooser = hot.fallback if fallback else hot.prepared
        try:
            choice = chooser.choose(identity, request.eligible, context.columns)
        except (InvalidInput, NotFound):
            raise  # the request's own mistake
        except Exception as error:  # noqa: BLE001 - whatever a policy fails with, the fallback answers
            _log.error("a policy failed: the fallback answers", bandit=name, trace=trace(error))
            choice = hot.fallback.choose(identity, request.eligible)
            fallback = True
        self._freshness.served(hot, now)
        eligible = request.eligible
        told = () if hot.features is None else (map(hot.features.get, choice.arms),)
        return Decision(
            decision_id=identity,
            snapshot=hot.version,
            deliveries=tuple(
                map(Delivery, _POSITIONS, choice.arms, choice.propensities, choice.scores, *told)
            ),
            unit=request.unit,
            request_id=request.request_id,
            context=context.values,
            eligible=None if eligible is None else tuple(eligible),
            draws=choice.draws,
            fallback=fallback,
        )
