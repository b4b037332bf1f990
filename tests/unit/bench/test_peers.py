"""The comparison with peers: fair by construction, and its page is what was measured.

Workers are real processes. The peers themselves are not installed here; plain NumPy and Tamesu play.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def bench(request):
    return request.config.rootpath / "bench"


def answers(bench, module, *asked, league="players"):
    lines = "\n".join(json.dumps(line) for line in asked) + "\n"
    done = subprocess.run(
        [sys.executable, str(bench / "peers" / "worker.py"), league, module],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def game(player, world, seed=3):
    return {"do": "play", "player": player, "world": world, "seed": seed}


def stripped(run):
    return {name: fact for name, fact in run.items() if name not in {"round_us", "seconds"}}


def test_a_run_is_a_function_of_player_world_and_seed(bench):
    player = "plain NumPy, Thompson"
    first, again, other = answers(
        bench,
        "plain_numpy",
        game(player, "bernoulli"),
        game(player, "bernoulli"),
        game(player, "bernoulli", seed=4),
    )
    assert stripped(first) == stripped(again) != stripped(other)
    assert first["curve"] == sorted(first["curve"])
    assert first["effective"] is None, "it tells no distribution"


def test_so_it_is_where_there_is_a_context(bench):
    player = "uniform"
    first, again, other = answers(
        bench,
        "plain_numpy",
        game(player, "linear"),
        game(player, "linear"),
        game(player, "linear", seed=4),
        league="contextual",
    )
    assert stripped(first) == stripped(again) != stripped(other)
    assert first["effective"] == pytest.approx(1)


def test_uniform_chance_loses_the_mean_gap_and_logs_what_can_be_evaluated(bench):
    """A fair share of arms: 10,000 rounds of mean gap .045 lose 450, sd 2.9; ± 17 errs below 1e-8."""
    (run,) = answers(bench, "plain_numpy", game("uniform", "bernoulli"))
    assert run["curve"][-1] == pytest.approx(450, abs=17)
    assert run["effective"] == pytest.approx(1)
    assert run["never"] == 0


def test_tamesu_plays_by_the_rules_of_its_peers(bench):
    told, run = answers(
        bench, "ours", {"do": "players"}, game("Tamesu, Thompson, explore .1", "batches")
    )
    assert all(name.startswith("Tamesu") for name in told)
    assert 0 < run["curve"][-1] < 450
    assert 0 < run["effective"] < 1
    assert run["never"] == 0, "explore keeps every arm alive"


SCRIBE = """
import json, sys
from play import play
from worlds import WORLDS

class Scribe:
    made, learnt = 0, []

    def decide(self):
        self.made += 1
        return 0, self.made - 1

    def learn(self, decisions, rewards):
        self.learnt += [(number, self.made - 1) for _, number in decisions]

    def propensities(self):
        return None

world = WORLDS[sys.argv[1]]
play(Scribe(), world, 5)
print(json.dumps([Scribe.learnt, world.run(5).known.tolist()]))
"""


@pytest.mark.parametrize(("world", "every"), [("delayed", 1), ("batches", 500), ("bernoulli", 1)])
def test_each_outcome_is_learnt_once_and_as_soon_as_it_is_known(bench, world, every):
    done = subprocess.run(
        [sys.executable, "-c", SCRIBE, world],
        capture_output=True,
        text=True,
        check=True,
        cwd=bench / "peers",
    )
    learnt, known = json.loads(done.stdout)
    due = {
        number: -(-(number + late + 1) // every) * every - 1 for number, late in enumerate(known)
    }
    assert sorted(map(tuple, learnt)) == sorted(
        (number, when) for number, when in due.items() if when < len(known)
    )


def test_a_player_that_fails_is_a_result_and_the_next_question_is_answered(bench):
    failed, told = answers(bench, "plain_numpy", game("nobody", "bernoulli"), {"do": "players"})
    assert "nobody" in failed["failed"]
    assert "uniform" in told


def test_a_peer_that_is_not_installed_says_so(bench):
    (told,) = answers(bench, "gittins", {"do": "players"})
    assert "gittins" in told["failed"]


def test_the_lower_bound_is_that_of_lai_and_robbins(bench):
    code = "import worlds; print(worlds.lai_robbins('bernoulli'), worlds.lai_robbins('drifting'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=bench / "peers",
    )
    bound, none = done.stdout.split()
    worth = 0.0
    for p in (rate / 100 for rate in range(10, 19)):
        apart = p * math.log(p / 0.19) + (1 - p) * math.log((1 - p) / (1 - 0.19))
        worth += (0.19 - p) / apart
    assert float(bound) == pytest.approx(worth * math.log(10_000))
    assert none == "None"


def test_the_page_is_what_was_measured(bench):
    done = subprocess.run(
        [sys.executable, str(bench / "run.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
