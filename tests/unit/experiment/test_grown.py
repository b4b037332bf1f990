"""What later values have grown to, against adding up amount by amount."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.experiment import grown


def one_by_one(whose, at, amount, who, start, within):
    return [
        sum(
            value
            for owner, moment, value in zip(whose, at, amount, strict=True)
            if owner == one and begin <= moment < begin + within
        )
        for one, begin in zip(who, start, strict=True)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_sum_of_what_came_in_time(seed):
    """Few codes and moments: deliveries that overlap, amounts at both ends, codes without amounts."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(0, 30, 2)
    whose, at, who, start = (rng.integers(0, 5, size) for size in (m, m, n, n))
    amount, within = rng.integers(-8, 9, m) / 4, int(rng.integers(1, 6))
    found = grown(whose, at, amount, who=who, start=start, within=within)
    assert found.tolist() == one_by_one(whose, at, amount, who, start, within)
    turned = rng.permutation(m)
    again = grown(whose[turned], at[turned], amount[turned], who=who, start=start, within=within)
    assert again.tolist() == found.tolist()


def test_a_large_amount_of_another_leaves_no_rounding():
    codes, moments = np.array([1, 2]), np.array([0, 0])
    asked = {"who": np.array([2]), "start": np.array([0]), "within": 1}
    assert grown(codes, moments, np.array([1e17, 0.1]), **asked).tolist() == [0.1]
