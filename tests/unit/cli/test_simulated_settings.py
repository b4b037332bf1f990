"""Worlds by name, as `--world` says them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tamesu.base import Declaration, InvalidInput
from tamesu.cli.entry import run
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


WISHES = {"objectives": {"clicks": {"click": 1}, "sales": {"buy": 1}}}


def wishing(scalarise, **more):
    reward = {**WISHES, "scalarise": scalarise}
    written = {"name": "shop", "arms": ["a", "b"], "policy": {"belief": "gaussian"}}
    return Declaration.parse({**written, "reward": reward, **more})


def test_objectives_have_rates_of_which_much_of_one_leaves_little_of_the_others():
    there = Setting.parse("objectives:0.2..0.4,against=1").world(wishing("gini"), 0)
    alone = Setting.parse("objectives:0.2..0.4,against=0").world(wishing("weighted"), 0)
    assert there.rates.shape == alone.rates.shape == (2, 2)
    assert 0.2 <= alone.rates.min() <= alone.rates.max() <= 0.4
    assert (there.rates.sum(axis=1) <= 0.8).all()
    assert there.rates.max() <= 1


@pytest.mark.parametrize(
    ("name", "declaration", "message"),
    [
        ("objectives", SHOP, "wants one"),
        (
            "objectives",
            wishing("weighted", layout={"kind": "slate", "size": 2}),
            "more than one delivery",
        ),
        ("bernoulli", wishing("gini"), "learns objectives apart"),
        ("open-bandit", wishing("gini"), "learns objectives apart"),
    ],
)
def test_objectives_go_with_a_world_of_theirs(name, declaration, message):
    with pytest.raises(InvalidInput) as caught:
        Setting.parse(name).world(declaration, 0)
    assert message in caught.value.message


def test_objectives_are_simulated_from_the_shell(tmp_path, capsys):
    """Where much of one leaves none of the other, who looks after the worst loses less than who adds them up."""
    files = []
    for scalarise in ("gini", "weighted"):
        files.append(str(tmp_path / f"{scalarise}.json"))
        written = {**wishing(scalarise, arms=list("abcd")).plain(), "name": scalarise}
        Path(files[-1]).write_text(json.dumps(written), "utf-8")
    asked = ["simulate", *files, "--world", "objectives:0.3..0.4,against=1", "--jobs", "1"]
    assert run([*asked, "--rounds", "1000", "--seeds", "3", "--every", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    lost = {one["policy"]: one["regret"]["mean"] for one in told["policies"]}
    assert lost["gini"] < 0.6 * min(lost["weighted"], lost["uniform"])
    assert run([*asked, "--rounds", "200", "--seeds", "2"]) == 0
    assert "best mixture of arms" in " ".join(capsys.readouterr().out.split())
