"""The newcomer cap on numbers that were worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.base.clauses import Newcomer
from tamesu.policy import Batch, compose
from tamesu.policy.newcomer import capped, least_propensity

NOW = Time(0)


def prepared_of(learnt, arms, **policy):
    """Ready to choose among `arms`, after so many zeros and ones of each learnt arm."""
    made = compose(
        Declaration.parse({"name": "new", "arms": ["a", "b", "n"], "seed": 1, "policy": policy})
    )
    rows = [
        (arm, reward)
        for arm, (ones, zeros) in learnt.items()
        for reward in [GRID] * ones + [0] * zeros
    ]
    n = len(rows)
    batch = Batch(
        arm=np.array([arm for arm, _ in rows], dtype=object),
        reward=np.array([reward for _, reward in rows], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
    )
    state = made.absorb(made.init(), made.evidence(made.init(), batch))
    return made.prepare(state, arms, NOW)


def test_what_is_taken_off_goes_where_it_would_go_without_newcomers():
    """.9 of the newcomer's become .2; the .7 go as 3 : 1 and not as what little was left, 0 : 1."""
    p = capped(
        np.array([0.0, 0.1, 0.9]),
        np.array([False, False, True]),
        0.2,
        lambda mature: np.array([0.75, 0.25]) if mature.tolist() == [True, True, False] else None,
    )
    assert p == pytest.approx([0.525, 0.275, 0.2], abs=1e-15)


def test_greedy_gives_it_to_the_best_mature_arm():
    """Means 2/3, 1/2 and, unknown, 1/2 + a prior that is the best of all."""
    prepared = prepared_of(
        {"a": (20, 10), "b": (15, 15)},
        ("a", "b", "n"),
        explorer={"kind": "epsilon_greedy", "epsilon": 0.0},
        belief={"kind": "beta", "priors": {"n": [9, 1]}},
        newcomer={"share": 0.25, "until": 30},
    )
    assert prepared.propensities().tolist() == [0.75, 0.0, 0.25]
    assert prepared.propensities(["b", "n"]).tolist() == [0.0, 0.75, 0.25]
    assert prepared.propensities(["n"]).tolist() == [0.0, 0.0, 1.0]


def test_an_arm_is_a_newcomer_until_it_was_learnt_from_often_enough():
    for zeros, share in ((29, 0.1), (30, None)):
        prepared = prepared_of(
            {"a": (0, 1000), "n": (1, zeros - 1)}, ("a", "n"), newcomer={"share": 0.1, "until": 30}
        )
        p = prepared.propensities()[1]
        assert p == pytest.approx(share, abs=1e-12) if share else p > 0.9


def test_all_are_newcomers_at_first_and_nothing_is_capped():
    asked = {"share": 0.01, "until": 1_000}
    learnt = {"a": (3, 10), "b": (1, 12)}
    free = prepared_of(learnt, ("a", "b", "n"), newcomer="off").propensities()
    assert np.array_equal(prepared_of(learnt, ("a", "b", "n"), newcomer=asked).propensities(), free)


def test_draws_come_from_the_capped_distribution():
    """4,000 draws at .2: five standard errors are .032; false-alarm rate below 1e-6."""
    prepared = prepared_of(
        {"a": (0, 500), "b": (0, 500)}, ("a", "b", "n"), newcomer={"share": 0.2, "until": 20}
    )
    choices = [prepared.choose(f"new.1.{number}") for number in range(4_000)]
    taken = [choice.propensities[0] for choice in choices if choice.arms == ("n",)]
    assert set(taken) == {float(prepared.propensities()[2])}
    assert len(taken) / 4_000 == pytest.approx(0.2, abs=0.032)
    many = prepared.choose_many([f"new.1.{number}" for number in range(4_000)])
    assert [prepared.arms[row] for row in many.rows[:, 0]] == [choice.arms[0] for choice in choices]


@pytest.mark.parametrize(
    ("explore", "observations", "newcomer", "least"),
    [
        (0.0, [5, 500], Newcomer(share=0.2, until=20), 0.0),
        (0.1, [5, 500], None, 0.05),
        (0.1, [500, 500], Newcomer(share=0.2, until=20), 0.05),
        (0.1, [5, 5], Newcomer(share=0.2, until=20), 0.05),
        # The mature one keeps .05 at least, so the newcomer's .05 shrink by .2 / .95 at most.
        (0.1, [5, 500], Newcomer(share=0.2, until=20), 0.05 * 0.2 / 0.95),
        (0.1, [5, 500], Newcomer(share=0.96, until=20), 0.05),
        (0.1, [], Newcomer(share=0.2, until=20), 0.0),
    ],
)
def test_the_least_propensity_is_what_the_cap_leaves_of_explore(
    explore, observations, newcomer, least
):
    given = np.array(observations, dtype=np.int64)
    assert least_propensity(explore, given, newcomer) == pytest.approx(least, abs=1e-15)


@pytest.mark.parametrize("written", [False, "off"])
def test_no_cap_is_written_off(written):
    made = Declaration.parse({"name": "n", "arms": ["a"], "policy": {"newcomer": written}})
    assert made.newcomer is None
    assert Declaration.parse(made.plain()) == made


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"share": 0}, "policy.newcomer.share must lie between 0 and 1, got 0"),
        ({"share": 1.0}, "policy.newcomer.share must lie between 0 and 1, got 1"),
        ({"share": float("nan")}, "policy.newcomer.share must lie between 0 and 1, got nan"),
        ({"until": 0}, "policy.newcomer.until must lie in 1..1000000000, got 0"),
        ({"shar": 0.2}, "unknown field 'shar' in the declaration.policy.newcomer"),
        (True, "policy.newcomer must be off or a mapping with share and until, got True"),
        (0.2, "policy.newcomer must be off or a mapping with share and until, got 0.2"),
        ("none", "policy.newcomer must be off or a mapping with share and until, got 'none'"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(written, message):
    with pytest.raises(InvalidDeclaration) as caught:
        Declaration.parse({"name": "n", "arms": ["a"], "policy": {"newcomer": written}})
    assert message in caught.value.message
