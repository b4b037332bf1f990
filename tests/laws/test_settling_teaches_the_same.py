"""Settling early teaches the same in the end: after all corrections the state is that of `settle = W`."""

from __future__ import annotations

import random
from itertools import groupby

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st
from logs import EARLY, MS, T0_MS, lookup, make_log

from tamesu.base import (
    Declaration,
    Duration,
    EventTerm,
    Observation,
    Observations,
    Reward,
    Time,
)
from tamesu.join import oracle
from tamesu.policy import compose
from tamesu.train import learn

END = Time((T0_MS + 10**7) * MS)
POLICY = compose(Declaration.parse({"name": "a", "arms": [f"arm{n}" for n in range(4)], "seed": 1}))


def clicks(bandit: str, declaration: int, *, early: bool) -> Reward | None:
    """The clauses of a log's bandit, but a delivery is worth 1 if it was clicked at all."""
    reward = lookup(bandit, declaration)
    if reward is None:
        return None
    events = {"click": EventTerm(weight=1.0, within=reward.events["click"].within)}
    only = msgspec.structs.replace(reward, events=events, default=0.0)
    longest = Duration(only.longest_us)
    settle = min(Duration(reward.settle_us), longest) if early else longest
    return msgspec.structs.replace(only, settle=settle)


def taught(rows: list[Observation], size: int) -> tuple[bytes, int]:
    """What the policy has learnt of `rows`, in their order, `size` at a time."""
    state, observations = POLICY.init(), 0
    for _, group in groupby(enumerate(rows), key=lambda row: row[0] // size):
        some = [row for _, row in group]
        state, more = learn(POLICY, state, Observations.of("a", 1, some))
        observations += more
    return POLICY.encode(state), observations


@settings(max_examples=2 * settings().max_examples)
@given(
    seed=st.integers(0, 2**32),
    records=st.sampled_from([10, 30, 60]),
    size=st.sampled_from([1, 3, 1000]),
    late=st.booleans(),
)
def test_the_state_after_all_corrections_is_that_of_the_whole_window(seed, records, size, late):
    """Bit for bit, in any batching, with and without what came too late; counts of observations too."""
    log = make_log(random.Random(seed), records, 2, tuple(EARLY)).whole()
    early = oracle(log, lambda *name: clicks(*name, early=True), END, late=late).observations
    whole = oracle(log, lambda *name: clicks(*name, early=False), END, late=late).observations
    assert taught(early, size) == taught(whole, 7)
    if any(row.correction for row in early):
        event("corrected")
    if any(row.reward for row in early):
        event("rewarded")


def test_the_logs_hold_corrections_that_teach():
    """Else the law above says nothing."""
    corrected = 0
    for seed in range(100):
        log = make_log(random.Random(seed), 60, 2, tuple(EARLY)).whole()
        rows = oracle(log, lambda *name: clicks(*name, early=True), END).observations
        corrected += sum(row.correction > 0 and row.reward > 0 for row in rows)
    assert corrected > 20
