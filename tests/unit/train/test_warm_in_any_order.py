"""A warm start knows the same in whatever order its observations come: corrections before what they correct, too."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, Observations, Outcome
from tamesu.base.observations import EXACT, NO_REWARD, NO_TIME
from tamesu.policy import alike, compose
from tamesu.train import WarmUp
from tamesu.train.learn import teaches

PLAIN = {
    "name": "unit",
    "arms": ["a", "b", "c"],
    "context": 2,
    "policy": {"belief": {"kind": "linear"}},
    "reward": {"events": {"click": {"weight": 1, "aggregate": "count"}}, "range": [0, 9]},
}


def story(delivery, draw):
    """Up to three rows of one delivery, each correction after what it replaces; some end as not looked at."""
    rows, before = [], NO_REWARD
    context = {"x": [draw.random(), draw.random()]}
    for number in range(draw.choice((1, 2, 3))):
        gone = number > 0 and draw.random() < 0.3
        reward = draw.randrange(4) * GRID
        rows.append((delivery, number, context, "a" if delivery == 0 else "bc"[delivery % 2], gone))
        rows[-1] += (0 if gone else reward, before)
        before = NO_REWARD if gone else reward
    return rows


def observations(rows):
    """Of (delivery, correction, context, arm, whether it is gone, reward, previous reward)."""
    n = len(rows)
    identity, correction, context, arm, gone, reward, before = zip(*rows, strict=True)

    def objects(values):
        column = np.empty(n, dtype=np.object_)
        column[:] = list(values)
        return column

    nothing, zeros = objects([None] * n), np.zeros(n, np.int64)
    outcomes = [Outcome.UNEXAMINED if one else Outcome.OBSERVED for one in gone]
    return Observations(
        bandit="unit",
        declaration=1,
        decision_id=objects(f"unit.1.{one}" for one in identity),
        position=zeros,
        correction=np.array(correction, np.int64),
        experiment=nothing,
        variant=nothing,
        unit=nothing,
        arm=objects(arm),
        context=objects(context),
        features=nothing,
        eligible=nothing,
        propensity=np.full(n, 1 / 3),
        score=np.zeros(n),
        draws=np.full(n, EXACT),
        fallback=np.zeros(n, np.bool_),
        outcome=np.array(outcomes, np.int64),
        reward=np.array(reward, np.int64),
        previous_reward=np.array(before, np.int64),
        terms={"click": np.array(reward, np.int64)},
        decided=zeros,
        shown=np.full(n, NO_TIME),
        closed=zeros,
        accepted=np.full(n, NO_TIME),
        snapshot=zeros,
        absorbed=zeros,
    )


def warm(policy, rows, pieces, most):
    made = WarmUp(policy, lambda _: policy.declaration.reward)
    for piece in np.array_split(np.arange(len(rows)), pieces):
        made.take(rows.take(piece))
    while made.settle(most):
        pass
    return made


@pytest.mark.parametrize("seed", range(8))
def test_corrections_may_come_before_what_they_correct(seed):
    """One arm has a single delivery, whose correction alone is no observation more and none less."""
    draw = random.Random(seed)
    policy = compose(Declaration.parse(PLAIN))
    rows = [row for delivery in range(12) for row in story(delivery, draw)]
    as_it_was = warm(policy, observations(rows), 1, 100)
    last = {row[0]: row for row in rows}
    final = [(*row[:1], 0, *row[2:6], NO_REWARD) for row in last.values() if not row[4]]
    assert alike(as_it_was.state, warm(policy, observations(final), 1, 100).state)
    for turn in range(6):
        if turn:
            draw.shuffle(rows)
        else:
            rows.reverse()
        other = warm(policy, observations(rows), len(rows), draw.choice((1, 3, 100)))
        assert alike(other.state, as_it_was.state)
        assert other.observations == as_it_was.observations == len(final)


def test_what_is_held_is_learnt_by_pieces():
    policy = compose(Declaration.parse(PLAIN))
    rows = observations([row for one in range(40) for row in story(one, random.Random(one))])
    held = int(np.count_nonzero((rows.correction > 0) & teaches(rows)))
    made = WarmUp(policy, lambda _: policy.declaration.reward)
    made.take(rows)
    assert made.observations == 40
    turns = 1
    while made.settle(7):
        turns += 1
    assert turns == -(-held // 7)
