"""A two-tower policy over HTTP: retrieved, explored, every propensity known; another artefact is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from towers import CONTEXTS, declared_towers, towers_of

from tamesu.adapters.artefact.folder import write_towers
from tamesu.base import decode_decision

PATH = "/v1/bandits/front/decisions"


@pytest.fixture
def towers(tmp_path):
    towers = towers_of(arms=40)
    return towers, tmp_path / "one", write_towers(tmp_path / "one", towers)


@pytest.fixture
def declared(towers):
    return declared_towers(*towers, most=5, explore=0.2)


def expected(towers, context, most=5, explore=0.2):
    """By hand, in single precision as the noun has it."""
    shares = towers.shares(context[None])[0]
    top = np.argsort(-shares)[:most]
    p = np.full(len(shares), explore / len(shares))
    p[top] += (1 - explore) * shares[top] / shares[top].sum()
    return dict(zip(towers.arms, p, strict=True))


def test_it_is_served_as_it_was_learnt(serving, towers, declared):
    server = serving()
    status, answer = server.post("/v1/bandits", declared)
    assert status == 201, answer
    seen = set()
    for context, columns in CONTEXTS * 8:
        status, answer = server.post(PATH, {"context": context})
        assert status == 200
        (delivery,) = answer["deliveries"]
        assert not answer["fallback"]
        due = expected(towers[0], columns)
        assert delivery["propensity"] == pytest.approx(due[delivery["arm"]], abs=1e-6)
        seen.add(delivery["arm"])
        explained = server.get(f"/v1/decisions/{answer['decision_id']}")[1]
        assert explained["again"]["same"] is True
        assert explained["again"]["difference"] == 0
        shares = {arm["arm"]: arm["share"] for arm in explained["arms"]}
        assert shares == pytest.approx(due, abs=1e-6)
    assert len(seen) > 5
    record = decode_decision(server.entries("decision")[0].body)
    assert record.context == CONTEXTS[0][0]
