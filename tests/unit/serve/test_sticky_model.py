"""Requests of any kind, in any order, at any time, to two servers: each is given what a plain dict says.

Requests of one call happen at once, in any order: no two of a call are for one unit or of one id.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sticking import TTL_US, Servers, decided

from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import parse_decision_id
from tamesu.base.times import MINUTE_US
from tamesu.serve.core import DecisionRequest

ARMS = ["red", "green", "blue", "black"]
REMEMBERED_US = 10 * MINUTE_US

requests = st.builds(
    DecisionRequest,
    unit=st.sampled_from(["u-1", "u-2", "u-3"]),
    request_id=st.sampled_from([None, None, "r-1", "r-2", "r-3"]),
    eligible=st.none() | st.lists(st.sampled_from(ARMS), min_size=1, max_size=4, unique=True),
)
steps = st.lists(
    st.tuples(
        st.lists(
            requests,
            min_size=1,
            max_size=3,
            unique_by=(lambda one: one.unit, lambda one: one.request_id or one.unit),
        ),
        st.sampled_from([0, 0, 1, MINUTE_US, TTL_US - 1, TTL_US, REMEMBERED_US]),
        st.integers(0, 1),
    ),
    min_size=4,
    max_size=15,
)


class Model:
    """What stands, by request id and by unit: (decision, arms, end)."""

    def __init__(self):
        self._requests, self._units = {}, {}

    def expected(self, request, now):
        """The decision that the request is to be given; none for a new one."""
        for standing in (self._requests.get(request.request_id), self._fit(request, now)):
            if standing is not None and now < standing[2]:
                return standing[0]
        return None

    def _fit(self, request, now):
        standing = self._units.get(request.unit)
        if standing is None or (request.eligible and not standing[1] <= {*request.eligible}):
            return None
        return standing

    def given(self, request, answer, now):
        """What stands after that answer."""
        known = self._requests.get(request.request_id)
        if known is not None and now < known[2]:
            return
        arms = {delivery.arm for delivery in answer.deliveries}
        if self.expected(request, now) is None:
            decided = parse_decision_id(answer.decision_id).decided  # in whole milliseconds
            self._units[request.unit] = (answer.decision_id, arms, decided + TTL_US)
        if request.request_id is not None:
            self._requests[request.request_id] = (answer.decision_id, arms, now + REMEMBERED_US)


@pytest.fixture
def made(memory, declaration, gated, tmp_path):
    """Makes two servers with nothing behind them."""

    def make(clock):
        ports = memory(log=gated(MemoryEventLog(clock=clock)), clock=clock)
        return Servers(ports, declaration, tmp_path)

    return make


def test_each_request_is_given_what_stands(made):
    @settings(max_examples=60)
    @given(steps)
    def law(drawn):
        clock, model, new = ManualClock(), Model(), []
        run = made(clock)

        async def act(services):
            for asked, pause_us, server in drawn:
                if len(asked) == 1:
                    answers = [await services[server].decider.decide("colours", asked[0])]
                else:
                    answers = await services[server].decider.decide_many("colours", asked)
                for request, answer in zip(asked, answers, strict=True):
                    expected = model.expected(request, clock.now())
                    if expected is None:
                        assert answer.decision_id not in new
                        assert not answer.sticky
                        new.append(answer.decision_id)
                    else:
                        assert answer.decision_id == expected
                    model.given(request, answer, clock.now())
                clock.move(pause_us)
            assert decided(run.ports["log"]) == new

        run(act, number=2, cache=MemoryCache())

    law()
