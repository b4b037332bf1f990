"""The fallback: listed arms first and certain, the rest by an even draw whose probability is true."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Declaration, InvalidInput, NotFound
from tamesu.policy import Fallback

ARMS = ["a", "b", "c", "d", "e"]


def fallback(listed, size, arms=ARMS):
    declared = {"name": "front", "arms": ARMS, "seed": 3}
    declared["fallback"] = listed or "random"
    return Fallback(Declaration.parse(declared), arms, size)


def identity(number):
    return f"front.1.{number}"


@given(
    st.lists(st.sampled_from(ARMS), unique=True),
    st.integers(1, 5),
    st.lists(st.sampled_from(ARMS), unique=True, min_size=1),
    st.none() | st.lists(st.sampled_from(ARMS), unique=True, min_size=1),
    st.integers(0, 1_000),
)
def test_a_choice_is_what_was_declared(listed, size, active, eligible, number):
    """Listed ones in their order with propensity 1; then any that remain; as many as there can be."""
    chosen = fallback(listed, size, active)
    among = set(active if eligible is None else eligible)
    if not among <= set(active):
        with pytest.raises(NotFound):
            chosen.choose(identity(number), eligible)
        return
    choice = chosen.choose(identity(number), eligible)
    certain = [arm for arm in listed if arm in among][:size]
    left = len(among) - len(certain)
    assert list(choice.arms[: len(certain)]) == certain
    assert len(set(choice.arms)) == len(choice.arms) == min(size, len(among))
    assert set(choice.arms) <= among
    drawn = [1 / (left - place) for place in range(len(choice.arms) - len(certain))]
    assert list(choice.propensities) == [1.0] * len(certain) + drawn
    assert choice == chosen.choose(identity(number), eligible)
    first = chosen.propensities(eligible)
    assert first.sum() == pytest.approx(1.0, abs=1e-12)
    assert first[chosen.arms.index(choice.arms[0])] == choice.propensities[0]


def test_what_is_drawn_is_drawn_evenly():
    """Chi-square of 20,000 draws among 4 and 3 arms; one above 60 has probability below 1e-7."""
    chosen = fallback(["c"], 3)
    seconds, thirds = Counter(), Counter()
    for number in range(20_000):
        _, second, third = chosen.choose(identity(number)).arms
        seconds[second] += 1
        thirds[second, third] += 1
    for counts, kinds in ((seconds, 4), (thirds, 12)):
        assert len(counts) == kinds
        expected = 20_000 / kinds
        assert sum((n - expected) ** 2 for n in counts.values()) / expected < 60


def test_a_set_that_cannot_be_is_refused():
    chosen = fallback(["a"], 2)
    for eligible, error in (([], InvalidInput), (["a", "a"], InvalidInput), (["z"], NotFound)):
        with pytest.raises(error):
            chosen.choose(identity(1), eligible)
    with pytest.raises(InvalidInput, match="at least one arm must be active"):
        fallback(["a"], 2, []).choose(identity(1))


def test_the_first_place_is_the_first_listed_arms_alone():
    assert np.array_equal(fallback(["d", "b"], 2).propensities(), [0, 0, 0, 1, 0])
    assert np.array_equal(fallback(["d"], 1).propensities(["a", "b"]), [0.5, 0.5, 0, 0, 0])
    assert np.array_equal(fallback([], 1).propensities(), [0.2] * 5)
