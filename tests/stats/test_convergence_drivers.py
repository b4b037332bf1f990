"""What drives convergence: number of arms, gaps, traffic and explorer, each in its direction.

Through the command, seeded: the same numbers each time, so no false alarms. A direction is asserted by
four standard errors of the difference; those that were found lie 5 to 46 apart, so that another
way to draw would pass as well.
"""

from __future__ import annotations

import json
import math

import pytest

from tamesu.cli.entry import run

WORDS = ("-n", "4000", "--every", "200", "--seeds", "10", "--jobs", "1", "--json")


@pytest.fixture
def swept(tmp_path, capsys):
    path = tmp_path / "shop.yaml"
    path.write_text("{name: shop, arms: [a, b, c, d, e, f, g, h]}")

    def play(sweep, *words):
        assert run(["simulate", str(path), "--sweep", sweep, *WORDS, *words]) == 0
        found = json.loads(capsys.readouterr().out)
        return {one["value"]: one for one in found["values"]}, found["left_out"]

    return play


def above(one, other, what="gained"):
    """By how many standard errors of the difference."""
    error = math.hypot(one[what]["error"], other[what]["error"])
    return (one[what]["mean"] - other[what]["mean"]) / error


def test_more_arms_take_longer(swept):
    found, left_out = swept("arms", "-w", "bernoulli:0.05..0.15")
    few, some, many = (found[f"{arms} arms"] for arms in (2, 8, 32))
    assert above(few, some) > 4
    assert above(some, many) > 4
    assert above(many, few, "regret") > 4
    assert few["converged"] < some["converged"]
    assert not left_out


def test_wider_gaps_are_found_sooner(swept):
    found, _ = swept("gaps", "-w", "bernoulli:0.05..0.15")
    narrow, middle, wide = (found[f"gap {gap}"] for gap in ("0.025", "0.1", "0.2"))
    assert above(wide, middle) > 4
    assert above(middle, narrow) > 4
    assert narrow["converged"] is None
    assert wide["converged"] < 1_500


def test_more_traffic_takes_fewer_learnings_and_more_decisions(swept):
    """With feedback only at each learning, sixteen times the traffic loses more in between."""
    found, _ = swept("traffic", "-w", "bernoulli:0.05..0.15", "-n", "3000")
    little, more, most = (found[f"traffic x {times}"] for times in (1, 4, 16))
    assert above(most, little) > 4
    assert above(more, little) > 4
    learnings = [one["converged"] / one["every"] for one in (little, more, most)]
    assert learnings[0] > learnings[1] > learnings[2]
    assert above(most, little, "regret") > 4
    assert most["rounds"] == 16 * little["rounds"]


def test_explorers_differ_and_uniform_play_gains_nothing(swept):
    found, left_out = swept("explorer", "-w", "bernoulli:0.15,0.05,0.05,0.05,0.05,0.05,0.05,0.05")
    assert next(iter(found)) == "thompson", "the declared one comes first"
    uniform = found["uniform"]
    assert abs(uniform["gained"]["mean"]) < 5 * uniform["gained"]["error"]
    assert above(found["thompson"], uniform) > 4
    assert above(found["epsilon_greedy"], uniform) > 4
    for kind, reason in left_out.items():
        assert kind not in found
        assert reason
