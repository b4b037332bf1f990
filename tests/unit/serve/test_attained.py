"""What arms came to by each objective is told as finely as terms tell it, and no finer."""

import numpy as np
import pytest

from tamesu.base import GRID, Declaration
from tamesu.base.aims import vector_of
from tamesu.serve.core.attained import KNOWN, Attained

SALES = {"events": {"buy": {"weight": 1, "aggregate": "sum"}}, "range": [-5, 50]}
SHOP = {
    "name": "shop",
    "arms": ["a", "b"],
    "policy": {"belief": "gaussian"},
    "reward": {"objectives": {"clicks": {"click": 1}, "sales": SALES}, "scalarise": "gini"},
}


@pytest.mark.parametrize("bought", [0.0, 0.01])
def test_an_arm_that_sold_nothing_sold_nothing(bought):
    """The end of its range is no whole number of 1 / GRID, so that nothing came to a millionth below 0."""
    declaration = Declaration.parse(SHOP)
    weight = declaration.reward.events["buy"].weight
    terms = {"buy": np.array([round(bought * weight * GRID)], np.int64)}
    scaled = vector_of(declaration.aims, terms, 1)[0, 1] / GRID
    value = -5 + 55 * scaled
    assert value != bought
    attained = Attained(declaration.aims, lambda _: declaration.aims)
    sums = {KNOWN: 7.0, "objective clicks": 3.0, "objective sales": 7 * value}
    means = attained.means(sums)
    assert means == {"clicks": pytest.approx(3 / 7), "sales": pytest.approx(bought, abs=1e-4)}
    assert (means["sales"] == 0.0) == (bought == 0.0)
