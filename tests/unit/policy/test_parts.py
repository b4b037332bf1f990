"""Tables, states, chooser, beliefs: the parts, by what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from tamesu.base import GRID, Bug, Declaration, InvalidInput, Time
from tamesu.policy import Batch, compose
from tamesu.policy.chooser import Distribution
from tamesu.policy.codec import decode_state, encode_state
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.table import State, Table
from tamesu.policy.uniforms import Uniforms, first_uniforms, seed_key

ONE_BELOW = math.nextafter(1.0, 0.0)


def batch_of(rows, sign=None):
    n = len(rows)
    return Batch(
        arm=np.array([arm for arm, _ in rows], dtype=object),
        reward=np.array([round(reward * GRID) for _, reward in rows], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        sign=sign,
    )


@pytest.fixture(scope="module")
def policy():
    return compose(Declaration.parse({"name": "one", "arms": ["a", "b"], "seed": 1}))


# Chooser ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "propensities", [[0.0, 0.3, 0.0, 0.7, 0.0], [1.0], [0.1] * 10, [0.0, 1.0], [1.0, 0.0]]
)
def test_an_arm_of_propensity_zero_is_never_chosen(propensities):
    p = np.array(propensities)
    distribution = Distribution(np.arange(len(p)) * 10, p)
    edges = np.cumsum(p)
    uniforms = {0.0, ONE_BELOW, *edges, *(math.nextafter(e, 0) for e in edges)}
    for uniform in sorted(u for u in uniforms if 0 <= u < 1):
        row, propensity = distribution.pick(uniform)
        assert propensity == p[row // 10] > 0


def test_the_chooser_takes_each_arm_on_a_stretch_of_its_propensity():
    distribution = Distribution(np.array([3, 5, 9]), np.array([0.25, 0.5, 0.25]))
    picked = [distribution.pick(u)[0] for u in np.arange(0, 1, 1 / 64)]
    assert picked == [3] * 16 + [5] * 32 + [9] * 16


def test_picking_many_is_picking_each():
    rng = np.random.default_rng(0)
    distribution = Distribution(np.arange(7), rng.dirichlet(np.ones(7)))
    uniforms = rng.random(500)
    rows, propensities = distribution.pick_many(uniforms)
    each = [distribution.pick(u) for u in uniforms]
    assert list(zip(rows.tolist(), propensities.tolist(), strict=True)) == each


def test_many_first_uniforms_are_each_first_uniform():
    ids = [f"one.1.{i}é" for i in range(20)]
    many = first_uniforms(seed_key(3), ids)
    assert many.tolist() == [Uniforms(seed_key(3), i)(0) for i in ids]
    assert first_uniforms(seed_key(3), []).shape == (0,)


# Tables and states --------------------------------------------------------------------------------


def test_a_table_is_in_normal_form():
    table = Table.of(["b", "c", "a"], {"x": np.array([[1.0, -0.0], [0.0, 0.0], [-0.0, 2.0]])})
    assert table.arms == ("a", "b")
    assert np.array_equal(np.signbit(table.per_arm["x"]), np.zeros((2, 2), bool))
    with pytest.raises(ValueError, match="read-only"):
        table.per_arm["x"][0, 0] = 5.0


def test_tables_add_by_arm():
    a = Table.of(["x", "y"], {"n": np.array([1, 2])}, {"all": np.array(3)})
    b = Table.of(["y", "z"], {"n": np.array([-2, 7])}, {"all": np.array(4)})
    both = a + b
    assert both.arms == ("x", "z")
    assert both.per_arm["n"].tolist() == [1, 7]
    assert both.shared["all"] == 7
    assert a - a == Table.of([], {"n": np.array([], np.int64)}, {"all": np.array(0)})
    assert a != b
    assert a != "a table"


@pytest.mark.parametrize("dtype", [np.int64, np.float64, object])
def test_a_sum_is_that_of_its_rows_whichever_it_touches(dtype):
    rng = np.random.default_rng(5)
    for _ in range(300):
        sides = []
        for size in rng.integers(0, 6, 2):
            arms = rng.permutation(list("abcde"))[:size].tolist()
            sides.append(dict(zip(arms, rng.integers(-1, 2, (size, 2)).tolist(), strict=True)))
        a, b = (
            Table.of(
                list(side),
                {"n": np.array(list(side.values()), dtype).reshape(-1, 2)},
                {"all": np.array(len(side))},
                {"most": len(side)},
            )
            for side in sides
        )
        summed = {arm: np.zeros(2) for arm in "abcde"}
        for side in sides:
            for arm, row in side.items():
                summed[arm] += row
        kept = sorted(arm for arm, row in summed.items() if row.any())
        total = a + b
        assert total == b + a
        assert total.arms == tuple(kept)
        assert total.per_arm["n"].tolist() == [summed[arm].tolist() for arm in kept]
        assert total.per_arm["n"].dtype == dtype
        assert not total.per_arm["n"].flags.writeable
        assert (total.shared["all"], total.highest["most"]) == (
            len(sides[0]) + len(sides[1]),
            max(map(len, sides)),
        )


def test_tables_of_different_beliefs_do_not_add():
    with pytest.raises(Bug):
        Table.of([], {"n": np.zeros(0)}) + Table.of([], {"m": np.zeros(0)})


def test_tables_remember_arrays_of_every_shape_through_bytes():
    rng = np.random.default_rng(0)
    table = Table.of(
        ["b", "a"],
        {"xx": rng.normal(size=(2, 3, 3)), "n": np.array([1, 2])},
        {"t": np.array(1.5), "big": np.array([2**62, -1])},
    )
    empty = Table.of(
        [],
        {"xx": np.zeros((0, 3, 3)), "n": np.zeros(0, np.int64)},
        {"t": np.array(0.0), "big": np.array([0, 0])},
    )
    data = encode_state(State((table, empty)), "linear")
    assert decode_state(data, "linear", State((empty, empty))) == State((table, empty))


# Beta belief --------------------------------------------------------------------------------------


def test_evidence_counts_ones_and_zeros(policy):
    part = policy.evidence(policy.init(), batch_of([("b", 1), ("a", 0), ("b", 0), ("b", 1)])).parts[
        0
    ]
    assert part.arms == ("a", "b")
    assert part.per_arm["successes"].tolist() == [0, 2]
    assert part.per_arm["failures"].tolist() == [1, 1]


def test_evidence_can_be_taken_back(policy):
    empty = policy.init()
    wrong, right = batch_of([("a", 0)]), batch_of([("a", 1)])
    both = batch_of([("a", 0), ("a", 1)], sign=np.array([-1, 1]))
    correction = policy.evidence(empty, right) - policy.evidence(empty, wrong)
    assert correction == policy.evidence(empty, both)
    state = policy.absorb(policy.absorb(empty, policy.evidence(empty, wrong)), correction)
    assert state == policy.absorb(empty, policy.evidence(empty, right))


def test_taking_back_what_was_never_taught_is_a_bug(policy):
    state = policy.absorb(policy.init(), -policy.evidence(policy.init(), batch_of([("a", 1)])))
    with pytest.raises(Bug, match="taken back"):
        policy.prepare(state, ("a",), Time(0))


@pytest.mark.parametrize("reward", [0.5, 2, -1, 1 / GRID, 1 - 1 / GRID])
def test_a_reward_that_is_neither_zero_nor_one_teaches_nothing(policy, reward):
    with pytest.raises(InvalidInput, match="learns rewards of 0 and 1, got"):
        policy.evidence(policy.init(), batch_of([("a", 1), ("b", reward)]))


# Families -----------------------------------------------------------------------------------------


def families():
    a, b = np.array([0.3, 2.0, 900.0]), np.array([4.0, 0.5, 8000.0])
    m, s = np.array([-1.0, 0.0, 5.0]), np.array([0.1, 2.0, 30.0])
    dof = np.array([1.5, 4.0, 300.0])
    return [
        (BetaFamily(a, b), stats.beta(a, b), special.expit, lambda x: x * (1 - x)),
        (NormalFamily(m, s), stats.norm(m, s), lambda z: z, np.ones_like),
        (StudentTFamily(dof, m, s), stats.t(dof, m, s), lambda z: z, np.ones_like),
    ]


@pytest.mark.parametrize(("family", "truth", "reward", "slope"), families())
def test_families_are_scipys_distributions(family, truth, reward, slope):
    centre, deviation, grain = family.spread()
    assert (deviation > 0).all()
    assert (grain > 0).all()
    z = centre[:, None] + np.linspace(-4, 4, 9) * deviation[:, None]
    x = reward(z)
    for i in range(3):
        got = family.take(np.array([i]))
        params = [np.asarray(arg)[i] for arg in truth.args]
        one = truth.dist(*params)
        assert np.exp(got.log_density(z[i]))[0] == pytest.approx(
            one.pdf(x[i]) * slope(x[i]), rel=1e-9
        )
        assert got.below(z[i])[0] == pytest.approx(one.cdf(x[i]), rel=1e-9)
        assert got.above(z[i])[0] == pytest.approx(one.sf(x[i]), rel=1e-6, abs=1e-14)
    assert family.mean() == pytest.approx(truth.mean())
    assert family.deviation() == pytest.approx(truth.std())
    assert family.quantile(0.3) == pytest.approx(truth.ppf(0.3))


@pytest.mark.parametrize("family", [row[0] for row in families()])
def test_distinct_names_each_kind_once_and_sorted(family):
    rows = np.array([2, 0, 2, 1, 0])
    many = family.take(rows)
    kinds, whose = many.distinct()
    assert len(kinds) == 3
    assert np.array_equal(many.take(kinds).take(whose).mean(), many.mean())
    turned = family.take(rows[::-1])
    kinds_turned, _ = turned.distinct()
    assert np.array_equal(turned.take(kinds_turned).mean(), many.take(kinds).mean())
