"""What a linear belief says of a state is a function of the state, whatever it was asked before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch
from tamesu.policy.beliefs.linear import Options, build
from tamesu.policy.contract import Arms
from tamesu.policy.ridge import roots
from tamesu.policy.triangles import Triangles

ARMS = ("a", "b", "c", "d", "e")
D = 3
CONTEXTS = ((0.0, 0.0, 0.0), (1.0, -2.0, 0.5))


def belief_of(sharing, **fields):
    given = {"context": D, "arm_features": {"f": {"type": "vector", "size": 2}}, "seed": 1}
    arms = [{"id": arm, "features": {"f": [n, n % 2]}} for n, arm in enumerate(ARMS)]
    declaration = Declaration.parse({"name": "own", "arms": arms, **given, "policy": fields})
    return build(Options(sharing=sharing), declaration)


def batch_of(codes, seed, sign=1):
    """Rewards of 0 among them: of what such a row teaches, products of columns alone tell."""
    rng, n = np.random.default_rng(seed), len(codes)
    codes = np.array(codes, dtype=np.intp)
    return Batch(
        arm=np.array(ARMS, dtype=object)[codes],
        reward=np.rint(rng.normal(size=n) * GRID).astype(np.int64) * rng.integers(0, 2, n),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.arange(n) * 1_000_000,
        context=rng.normal(size=(n, D)),
        features=np.stack([codes, codes % 2], axis=1).astype(float),
        sign=np.full(n, sign),
    )


def told(belief, state, arms):
    """All that a reading says of `arms` in some contexts, as bytes."""
    features = np.array([[ARMS.index(arm), ARMS.index(arm) % 2] for arm in arms], dtype=float)
    reading = belief.reading(state, Arms(arms, features), Time(60_000_000))
    said = []
    for context in (*CONTEXTS, reading.typical):
        marginals = reading.at(np.array(context))
        family = marginals.family
        said += [family.location, family.scale, family.dof, marginals.weight]
        said += [marginals.observations, marginals.clipped]
    return b"".join(np.ascontiguousarray(one).tobytes() for one in said)


LEARNT = st.lists(st.integers(0, len(ARMS) - 1), min_size=1, max_size=6)
STEPS = st.lists(st.tuples(st.sampled_from(["learn", "swap", "back"]), LEARNT), max_size=6)


@pytest.mark.parametrize("fields", [{}, {"forgetting": {"half_life": "1m"}}], ids=["", "fading"])
@pytest.mark.parametrize("sharing", ["per_arm", "hybrid"])
@given(steps=STEPS, asked=st.lists(st.booleans(), min_size=6, max_size=6), few=LEARNT)
def test_whatever_was_read_before_a_state_is_read_alike_to_the_bit(
    fields, sharing, steps, asked, few
):
    belief = belief_of(sharing, **fields)
    start = belief.init()
    state = belief.absorb(start, belief.evidence(start, batch_of(range(len(ARMS)), 0)))
    some = tuple(dict.fromkeys(ARMS[code] for code in few))
    for number, ((what, codes), read) in enumerate(zip(steps, asked, strict=False)):
        learnt = belief.evidence(state, batch_of(codes, number + 1))
        if what == "swap":
            # As many rows as before, with the same rewards or others: counts tell of nothing.
            learnt += belief.evidence(state, batch_of(codes, number, sign=-1))
        elif what == "back":
            learnt += belief.evidence(state, batch_of(codes[:1], number + 50, sign=-1))
        state = belief.absorb(state, learnt)
        if not all(count >= 0 for count in state.per_arm["observations"].tolist()):
            return
        if read:
            for arms in (ARMS, some, ARMS[::-1]):
                assert told(belief, state, arms) == told(
                    belief_of(sharing, **fields), state, arms
                ), (number, what)
    assert told(belief, state, ARMS) == told(belief_of(sharing, **fields), state, ARMS)


@pytest.mark.parametrize(("n", "p"), [(1, 1), (5, 21), (8, 150)])
def test_triangles_in_place_of_others_are_as_if_they_had_always_been_there(n, p):
    rng = np.random.default_rng(n)
    z = rng.standard_normal((2, n, 2 * p, p))
    before, after = (roots(one.transpose(0, 2, 1) @ one + np.eye(p)) for one in z)
    places = np.flatnonzero(rng.integers(0, 2, n))
    mixed = before.copy()
    mixed[places] = after[places]
    first = Triangles.of(before)
    replaced = first.replaced({place: after[place] for place in places.tolist()})
    row = rng.standard_normal(p)
    assert replaced.squares(row).tobytes() == Triangles.of(mixed).squares(row).tobytes()
    assert first.squares(row).tobytes() == Triangles.of(before).squares(row).tobytes()


def test_a_table_says_which_rows_have_other_numbers_than_before():
    belief = belief_of("per_arm")
    empty = belief.init()
    all_of = belief.absorb(empty, belief.evidence(empty, batch_of(range(5), 0)))
    one = belief.absorb(all_of, belief.evidence(all_of, batch_of([2], 1)))
    two = belief.absorb(one, belief.evidence(one, batch_of([4], 2)))
    names = ("precision", "moment")
    assert one.changed(all_of, names).tolist() == [2]
    assert two.changed(one, names).tolist() == [4]
    assert two.changed(all_of, names).tolist() == [2, 4]  # not its parent: looked through
    assert two.changed(two, names).tolist() == []
    # Whoever makes another of it makes one that has no parent.
    moved = {**two.per_arm, "moment": two.per_arm["moment"] + 1.0}
    assert replace(two, per_arm=moved).changed(one, names).tolist() == [0, 1, 2, 3, 4]
    assert all_of.changed(empty, names) is None
