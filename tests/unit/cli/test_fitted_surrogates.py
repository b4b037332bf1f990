"""What is made of deliveries that were followed, where they are odd."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import numpy as np
from rich.console import Console

from tamesu.base import Declaration, Duration, Time
from tamesu.base.times import DAY_US
from tamesu.cli.learn.fitting import fit_to
from tamesu.cli.learn.looking_back import Asked, Found
from tamesu.cli.learn.question import Question
from tamesu.cli.learn.telling import as_json, tell
from tamesu.engine import LaterEvents
from tamesu.experiment import Followed
from tamesu.serve import UnitNames

WRITTEN = {
    "name": "shop",
    "arms": ["a", "b"],
    "policy": {"belief": "gaussian"},
    "reward": {"events": {"cart": {"weight": 1, "aggregate": "count"}, "purchase": 0}},
}


def made_of(rows):
    declaration = Declaration.parse(WRITTEN)
    asked = Asked(
        bandit="shop",
        reward=declaration.reward,
        declared={1: True},
        within=Duration(DAY_US),
        later=LaterEvents(type="purchase"),
        since=Time(0),
        until=Time(0),
        names=UnitNames(),
    )
    return fit_to(Question(WRITTEN, declaration, asked), Found(rows, Time(1), Counter(), 0))


def rows_of(who):
    """Six hundred deliveries, the last sixty with most in the basket."""
    carts = np.repeat([0.0, 1.0, 5.0], [480, 60, 60])
    later = carts * np.tile([0.0, 1.0], 300)
    return Followed(
        types=("cart", "purchase"),
        early=np.column_stack([carts, np.zeros(600)]),
        later=later,
        who=who,
        arm=np.arange(600) // 2 % 2,
        arms=("a", "b"),
        propensity=np.full(600, 0.5),
        decided=np.arange(600),
    )


def test_how_much_a_part_of_one_unit_varies_nobody_knows():
    alone = made_of(rows_of(np.minimum(np.arange(600), 540)))
    *_, last = alone.surrogate.calibration
    assert (last.rows, last.error) == (60, None)
    assert Declaration.parse(alone.declaration).surrogate == alone.surrogate
    assert as_json(alone)["surrogate"]["calibration"][-1]["error"] is None
    out = StringIO()
    tell(Console(file=out, width=100), alone)
    assert "nan" not in out.getvalue()
    *_, last = made_of(rows_of(np.arange(600))).surrogate.calibration
    assert last.error > 0
