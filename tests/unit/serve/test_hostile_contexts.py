"""Whatever is sent as a context, or kept in a state: no number that is none enters a state, and all are answered."""

import json
import math
import random

import msgspec
import numpy as np
import pytest

from tamesu.base import Declaration, Snapshot, Time, decode_decision
from tamesu.policy import State, compose
from tamesu.policy.table import Table
from tamesu.ports import Declared
from tamesu.serve.core.hot import heat

PATH = "/v1/bandits/front/decisions"
FRONT = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "context": {
        "device": {"type": "categorical", "values": ["ios", 7], "missing": 7},
        "age": {"type": "numeric", "range": [-1e300, 1e300], "clip": True, "missing": 0},
        "hour": {"type": "cyclic", "period": 24, "missing": 0},
        "member": {"type": "boolean", "missing": False},
        "taste": {"type": "vector", "size": 2, "missing": [0, 0]},
        "segment": {"type": "hashed", "buckets": 4, "missing": ""},
    },
    "policy": {"belief": {"kind": "linear"}},
    "reward": {"window": "1s", "settle": "0s", "lateness": "0s", "anchor": "decision"},
    "seed": 5,
}
ODD = [
    *(0, 1, -1, 7, 2**53, 2**53 + 1, -(2**70), 10**400),
    *(0.0, -0.0, 1e-320, 1e308, -1e308, 1.5, True, False, None),
    *("", "ios", "7", "x" * 999, "x" * 1001, "\x00", "é", "\u202e", "NaN", "__proto__"),
    *([], [0, 0], [1e308, -1e308], [1], [1, 2, 3], [None, 1], [True, 0], [[1], 2], ["1", 2]),
    *({}, {"a": 1}, [[[[]]]], [2**60, 0]),
]


def test_any_context_is_decided_in_or_refused_and_what_is_recorded_is_finite(
    serving, training, until
):
    server, rng = serving(), random.Random(4)
    assert server.post("/v1/bandits", FRONT)[0] == 201
    training(server)
    names = [*FRONT["context"], "other"]
    decided = []
    for _ in range(400):
        context = {name: rng.choice(ODD) for name in rng.sample(names, rng.randrange(1, 3))}
        status, answer = server.post(PATH, {"context": context})
        assert status in (200, 400), answer
        if status == 200:
            decided.append((answer, context))
        else:
            assert not any(
                repr(value) in answer["detail"]
                for value in context.values()
                if isinstance(value, str) and len(value) > 2
            )
    assert len(decided) > 40
    for answer, context in decided[:60]:
        delivery = answer["deliveries"][0]["delivery_id"]
        server.post("/v1/events", {"events": [{"delivery_id": delivery, "type": "click"}]})
        told = server.get(f"/v1/decisions/{answer['decision_id']}")[1]
        assert told["again"]["same"] is True, context
    policy = compose(Declaration.parse(FRONT))
    for entry in server.entries("decision"):
        columns = policy.encoder.context(decode_decision(entry.body).context)
        assert np.isfinite(columns).all()
    until(lambda: server.get("/v1/bandits/front/report")[1]["observations"] == len(decided))
    state = policy.decode(server.ports["store"].snapshot("front").state)
    for column in state.parts[0].per_arm.values():
        assert np.isfinite(column.astype(float)).all()
    answer = server.post(PATH, {"context": {}})[1]
    assert answer["fallback"] is False
    assert math.isfinite(answer["deliveries"][0]["propensity"])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -1e308])
def test_a_state_of_numbers_that_cannot_be_answers_by_the_fallback(number):
    """Nobody writes one; a disk may."""
    declared = Declared(1, Declaration.parse(FRONT), Time(0))
    policy = heat(declared, None).policy
    (empty,) = policy.init().parts
    columns = {
        name: np.full((1, *column.shape[1:]), 1, column.dtype)
        for name, column in empty.per_arm.items()
    }
    columns = {
        name: np.full_like(column, number) if column.dtype == np.float64 else column
        for name, column in columns.items()
    }
    table = Table.of(["a"], columns, empty.shared, empty.highest)
    snapshot = Snapshot(
        bandit="front",
        declaration=1,
        version=1,
        state=policy.encode(State((table,))),
        created=Time(1),
        watermark=Time(1),
        observations=1,
    )
    hot = heat(declared, snapshot)
    context = policy.encoder.context({})
    choice = (hot.fallback if hot.broken else hot.prepared).choose("front.1.x", None, context)
    assert math.isfinite(choice.propensities[0])
    assert math.isfinite(choice.scores[0])
    assert json.loads(msgspec.json.encode(choice))
