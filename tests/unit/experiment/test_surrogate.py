"""A surrogate: weights, power, calibration and what is left of each arm, against worlds of known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tamesu.experiment import Followed, calibrated, fit, lacking, left_by_arm, left_by_time

ARMS = ("bait", "plain", "solid")


def followed(n=20_000, direct=(0.0, 0.0, 0.0), seed=0, per_who=1, noise=0.0):
    """Clicks and baskets by arm; later purchases that come of both, and `direct`ly of the arm."""
    draw = np.random.default_rng(seed)
    arm = draw.integers(0, 3, n)
    click = draw.random(n) < np.array([0.4, 0.2, 0.15])[arm]
    cart = (draw.random(n) < np.array([0.02, 0.08, 0.2])[arm]) * draw.integers(1, 4, n)
    rate = 0.01 + 0.02 * click + 0.2 * cart + np.array(direct)[arm]
    later = draw.poisson(rate) + noise * draw.standard_normal(n)
    return Followed(
        types=("click", "cart"),
        early=np.column_stack([click, cart]).astype(float),
        later=later,
        who=np.arange(n) // per_who,
        arm=arm,
        arms=ARMS,
        propensity=np.full(n, 1 / 3),
        decided=np.arange(n),
    )


def test_weights_and_constant_are_those_of_the_world():
    found = fit(followed(200_000))
    assert found.weights == pytest.approx([0.02, 0.2], abs=0.006)  # five standard errors
    assert found.constant == pytest.approx(0.01, abs=0.002)
    assert found.caps.tolist() == [1.0, 3.0]
    assert found.has_power


def test_without_a_penalty_it_is_least_squares():
    rows = followed(5_000)
    found = fit(rows)
    columns = np.column_stack([np.ones(len(rows)), rows.early])
    plain, *_ = np.linalg.lstsq(columns, rows.later, rcond=None)
    assert found.ridge < 0.1
    assert [found.constant, *found.weights] == pytest.approx(plain, rel=0.1, abs=0.005)


def test_what_is_expected_of_a_row_comes_from_rows_of_others():
    """The later value of a unit says nothing of what is expected of it."""
    rows = followed(3_000, per_who=3)
    before = fit(rows)
    later = rows.later.copy()
    later[rows.who == 7] += 1.0
    after = fit(replace(rows, later=later))
    assert after.ridge == before.ridge
    part = rows.who % 10 == 7
    assert after.expected[part] == pytest.approx(before.expected[part], rel=1e-9)
    assert (after.expected[~part] > before.expected[~part]).all()


def test_the_order_of_rows_does_not_matter_and_units_scale():
    rows = followed(3_000)
    one = fit(rows)
    turned = fit(rows.take(np.arange(len(rows))[::-1]))
    assert turned.weights == pytest.approx(one.weights, rel=1e-9)
    assert turned.r2 == pytest.approx(one.r2, rel=1e-9)
    cents = fit(replace(rows, later=100 * rows.later + 5))
    assert cents.weights == pytest.approx(100 * one.weights, rel=1e-9)
    assert cents.constant == pytest.approx(100 * one.constant + 5, rel=1e-9)
    assert (cents.r2, cents.r2_error) == pytest.approx((one.r2, one.r2_error), rel=1e-9)


def test_chance_has_no_power():
    """Of 200 worlds in which early events say nothing; each has power by chance with probability < .025."""
    draw = np.random.default_rng(3)
    powers = 0
    for seed in range(200):
        rows = followed(600, seed=seed)
        rows = replace(rows, later=draw.permutation(rows.later))
        powers += fit(rows).has_power
    assert powers <= 18  # binomial(200, .025) exceeds 18 with probability 9e-7


def test_the_error_of_r2_is_how_much_it_varies():
    found = [fit(followed(2_000, seed=seed)) for seed in range(200)]
    spread = np.std([one.r2 for one in found])
    told = np.mean([one.r2_error for one in found])
    assert told == pytest.approx(spread, rel=0.2)  # the sd of 200 draws is known to 5 %


def test_rows_of_one_unit_are_not_so_many_rows():
    """Each row four times, as the same unit's: the error is that of the rows that there were."""
    rows = followed(2_000)
    one = fit(rows)
    fourfold = fit(rows.take(np.repeat(np.arange(2_000), 4)))
    assert fourfold.r2 == pytest.approx(one.r2, rel=1e-6)
    assert fourfold.r2_error == pytest.approx(one.r2_error, rel=1e-3)


def test_a_type_that_hardly_ever_came_gets_no_weight():
    rows = followed(3_000)
    early = rows.early.copy()
    early[:, 1] = 0.0
    early[:29, 1] = 1.0
    found = fit(replace(rows, early=early))
    assert found.rare == ("cart",)
    assert found.weights[1] == 0.0


def test_two_types_that_always_come_together_share():
    rows = followed(3_000)
    both = np.column_stack([rows.early[:, 0], rows.early[:, 0]])
    found = fit(replace(rows, early=both))
    assert np.isfinite(found.weights).all()
    assert found.weights[0] == pytest.approx(found.weights[1], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"n": 400}, "500 deliveries"),
        ({"per_who": 1_000}, "100 units"),
    ],
)
def test_few_rows_are_refused(change, why):
    assert why in lacking(followed(**{"n": 5_000, **change}))


def test_a_later_value_that_never_differs_is_refused():
    rows = followed(1_000)
    assert lacking(rows) is None
    assert "must differ" in lacking(replace(rows, later=np.zeros(1_000)))
    assert "must have come early" in lacking(replace(rows, early=np.zeros((1_000, 2))))


def test_parts_hold_every_row_once_and_say_what_came():
    rows = followed(50_000)
    found = fit(rows)
    parts = calibrated(rows, found.score, found.expected)
    assert sum(part.rows for part in parts) == len(rows)
    mean = sum(part.rows * part.expected for part in parts) / len(rows)
    assert mean == pytest.approx(found.expected.mean())
    expected = [part.expected for part in parts]
    assert expected == sorted(expected)
    for part in parts:  # eight at most; 5.5 standard errors each: 3e-7
        assert abs(part.later - part.expected) < 5.5 * part.error
    # Clicks or not, times 0 to 3 things in the basket: equal scores are never told apart.
    assert len(parts) <= 8


def test_smooth_scores_make_tenths():
    rows = followed(1_000)
    score = np.random.default_rng(1).random(1_000)
    assert [part.rows for part in calibrated(rows, score, score)] == [100] * 10


def test_no_arm_differs_where_the_early_events_say_all():
    """Of 200 worlds, each says so by chance with probability .01."""
    wrong = 0
    for seed in range(200):
        rows = followed(3_000, seed=seed)
        wrong += any(one.differs for one in left_by_arm(rows, fit(rows).expected))
    assert wrong <= 12  # binomial(200, .01) exceeds 12 with probability 2e-7


def test_an_arm_that_earns_by_itself_is_told():
    rows = followed(20_000, direct=(0.1, 0.0, 0.0))
    bait, plain, solid = left_by_arm(rows, fit(rows).expected)
    assert [one.name for one in (bait, plain, solid)] == list(ARMS)
    assert bait.differs
    assert bait.left > 5 * bait.error
    assert solid.left < 0
    assert bait.later - bait.expected == pytest.approx(bait.left)


def test_whom_an_arm_was_chosen_for_is_no_reason():
    """An arm given to the rich mostly, who buy more whatever they see: propensities undo that."""
    draw = np.random.default_rng(5)
    n = 40_000
    rich = draw.random(n) < 0.3
    chance = np.where(rich, 0.9, 0.2)
    arm = (draw.random(n) >= chance).astype(np.int64)
    click = (draw.random(n) < np.array([0.3, 0.2])[arm]).astype(float)
    later = draw.poisson(0.1 + 0.3 * rich + 0.2 * click).astype(float)
    rows = Followed(
        types=("click",),
        early=click[:, None],
        later=later,
        who=np.arange(n),
        arm=arm,
        arms=("for-the-rich", "for-all"),
        propensity=np.where(arm == 0, chance, 1 - chance),
        decided=np.arange(n),
    )
    expected = fit(rows).expected
    assert not any(one.differs for one in left_by_arm(rows, expected))
    even = replace(rows, propensity=np.full(n, 0.5))
    assert all(one.differs for one in left_by_arm(even, expected))


def test_an_arm_with_few_rows_is_told_and_not_judged():
    rows = followed(3_000, direct=(5.0, 0.0, 0.0))
    few = rows.take(np.flatnonzero((rows.arm != 0) | (np.arange(3_000) < 60)))
    bait, *_ = left_by_arm(few, fit(few).expected)
    assert bait.rows < 30
    assert not bait.differs


def test_early_events_that_are_worth_less_by_now_are_told():
    rows = followed(20_000)
    assert not any(one.differs for one in left_by_time(rows, fit(rows).expected))
    newest = rows.decided >= 15_000
    faded = replace(rows, later=np.where(newest, 0.3, 1.0) * rows.later)
    *_, last = left_by_time(faded, fit(faded).expected)
    assert last.differs
    assert last.left < 0
    assert last.rows == 5_000


def test_thousands_of_arms_are_told_and_a_propensity_of_none_does_no_harm():
    rows = followed(5_000)
    many = replace(
        rows,
        arm=np.arange(5_000) % 2_500,
        arms=tuple(f"a{number}" for number in range(2_500)),
        propensity=np.where(np.arange(5_000) == 7, 0.0, 1e-4),
    )
    found = left_by_arm(many, fit(many).expected)
    assert len(found) == 2_500
    assert not any(one.differs for one in found)
    assert all(np.isfinite([one.left, one.effective]).all() for one in found)
