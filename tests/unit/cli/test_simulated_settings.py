"""Worlds by name, as `--world` says them."""

from __future__ import annotations

from tamesu.base import Declaration
from tamesu.cli.simulate.setting import Setting
from tamesu.sim import DriftingWorld

SHOP = Declaration.parse({"name": "shop", "arms": ["a", "b", "c"]})


def test_a_setting_makes_the_world_of_each_run():
    given = Setting.parse("bernoulli:0.1,0.2,0.3")
    assert given.world(SHOP, 0).rates.tolist() == [0.1, 0.2, 0.3]
    drawn = Setting.parse("bernoulli:0.2..0.4")
    one, same, other = (drawn.world(SHOP, run).rates for run in (0, 0, 1))
    assert one.tolist() == same.tolist() != other.tolist()
    assert one.min() >= 0.2
    assert one.max() <= 0.4
    moving = Setting.parse("drifting").world(SHOP, 0)
    assert isinstance(moving, DriftingWorld)
    assert moving.at(1.0).rates.tolist() != moving.rates.tolist()
    assert Setting.parse("open-bandit").campaign == "men"
    assert Setting.parse("open-bandit:all").campaign == "all"
