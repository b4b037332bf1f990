"""Slates as dictionaries of arrays, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import InvalidInput
from tamesu.evaluate import Slates
from tamesu.evaluate.exchange import slate_arrays_of, slates_of_arrays

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def slate_logs(draw):
    """Any slates, of one to four positions, some of which ended early."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    orders = [draw(st.permutations(range(k)))[: draw(st.integers(1, k))] for _ in range(n)]
    size = max(map(len, orders))
    arms = [[f"arm {one}" for one in row] + [None] * (size - len(row)) for row in orders]

    def table(strategy):
        cells = draw(st.lists(strategy, min_size=n * size, max_size=n * size))
        return np.array(cells).reshape(n, size)

    return Slates.of(
        arms,
        table(NUMBERS),
        table(st.floats(0.01, 1.0)),
        among=[f"arm {row}" for row in range(k)],
        marginals=draw(st.sampled_from([None, table(st.floats(0.01, 1.0))])),
        contexts=np.arange(2.0 * n).reshape(n, 2),
        features=np.arange(float(k))[:, None],
        units=draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)),
        shown=table(st.booleans()),
        decided=draw(st.lists(st.integers(0, 2**50), min_size=n, max_size=n)),
    )


@given(slate_logs(), st.randoms(use_true_random=False))
def test_slates_are_read_back_whole_in_any_order_of_their_rows(slates, luck):
    arrays = slate_arrays_of(slates)
    rows = list(range(len(arrays["action"])))
    luck.shuffle(rows)
    mixed = {
        name: one[rows]
        if name in {"slate_id", "position", "action", "reward", "shown"}
        or name.startswith("pscore")
        else one
        for name, one in arrays.items()
    }
    back = slates_of_arrays(mixed)
    for name in ("arms", "chosen", "reward", "shown", "context", "features", "cluster", "decided"):
        assert np.array_equal(getattr(back, name), getattr(slates, name)), name
    assert np.allclose(back.propensity, slates.propensity, rtol=1e-12)
    assert (back.marginal is None) == (slates.marginal is None)
    if slates.marginal is not None:
        assert np.array_equal(back.marginal, slates.marginal)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position": [0, 2, 0, 1]}, "leave none out"),
        ({"position": [1, 2, 0, 1]}, "leave none out"),
        ({"position": [0, 0, 0, 1]}, "leave none out"),
        ({"position": [0, -1, 0, 1]}, "leave none out"),
        ({"action": [0, 0, 2, 1]}, "got one twice in slate 0"),
        ({"action": [0, 1, 2, 3]}, r"0\.\.2"),
        ({"pscore": [0.25, 0.25, 0.2, 0.2]}, "in slate 1 .1 of 2 slates"),
        (
            {"pscore_cascade": [0.25, 0.5, 0.5, 0.25], "pscore": None},
            r"in \(0, 1\], got 2 in slate 0",
        ),
        (
            {"pscore_cascade": [0.5, 0.0, 0.5, 0.25], "pscore": None},
            r"in \(0, 1\], got 0 in slate 0",
        ),
        ({"reward": [1.0]}, r"reward must be \(4,\), got \(1,\)"),
        ({"shown": [1, 0.5, 1, 1]}, "shown must be truth values"),
        ({"pscore_cascade": None}, "pscore_cascade"),
    ],
)
def test_slates_that_cannot_be_are_refused(change, message):
    arrays = {
        "n_unique_action": 3,
        "slate_id": [7, 7, 9, 9],
        "position": [0, 1, 0, 1],
        "action": [0, 1, 2, 1],
        "reward": [0.0, 1.0, 0.0, 0.0],
        "pscore": [0.25] * 4,
        "pscore_cascade": [0.5, 0.25, 0.5, 0.25],
    }
    assert slates_of_arrays(arrays).joint.tolist() == [0.25, 0.25]
    with pytest.raises(InvalidInput, match=message):
        slates_of_arrays(arrays | change)
