"""`tamesu learn two-tower`: from a log to a folder, judged by name, refused before hours are spent."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest
from served import Served

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.cli.entry import run
from tamesu.cli.exchange.reading import read_file
from tamesu.wiring import Settings, learnt_target, open_archive, open_store, read_learnt


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    """Runs it in a folder with a log: exit code, what was printed, what was warned of."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    contexts = rng.normal(size=(1_500, 3))
    arms = rng.integers(3, size=1_500)
    truth = 1 / (1 + np.exp(-3 * contexts))
    np.savez(
        "log.npz",
        n_rounds=1_500,
        n_actions=3,
        context=contexts,
        action=arms,
        reward=(rng.random(1_500) < truth[np.arange(1_500), arms]).astype(float),
        pscore=np.full(1_500, 1 / 3),
    )

    def command(*words):
        capsys.readouterr()
        code = run(list(map(str, words)))
        return code, *capsys.readouterr()

    return command


def test_a_log_becomes_a_folder_that_can_be_judged(asked, tmp_path):
    code, said, _ = asked(
        *("learn", "two-tower", "log.npz", "--out", "learnt", "--epochs", 8, "--dim", 4, "--json")
    )
    assert code == 0
    told = json.loads(said)
    assert told["held_out"] > 0.6
    assert (told["rounds"], told["arms"], told["plan"]["estimator"]) == (1_500, 3, "dr")
    towers = read_learnt(tmp_path / "learnt")
    assert (towers.arms, towers.query.dim) == (("0", "1", "2"), 4)
    code, said, _ = asked(
        *("evaluate", "log.npz", "--policy", "learnt", "--estimators", "snips", "--json")
    )
    assert code == 0
    assert "learnt" in said


def test_people_are_told_what_was_learnt_and_what_comes_next(asked):
    code, said, _ = asked(
        *(
            "learn",
            "two-tower",
            "log.npz",
            "--out",
            "it",
            "--estimator",
            "regression",
            "--epochs",
            2,
        )
    )
    assert code == 0
    assert "1,500 decisions, 3 arms" in said
    assert "tamesu evaluate SOURCE --policy it" in said


def test_words_of_another_log_are_found_by_their_names(asked, tmp_path):
    """Of two files with other words each, `b` and `c` mean in one what they meant in the other."""

    def written(name, words):
        rows = "".join(
            f"{row % 2},{word == 'c' and row % 2:d},0.5,{word},{row % 7}\n"
            for row, word in enumerate(words)
        )
        header = "item_id,click,propensity_score,user_feature_0,user_feature_1\n"
        (tmp_path / name).write_text(header + rows)

    written("one.csv", ["b", "c", "c", "b"] * 150)
    written("other.csv", ["a", "c", "c", "a"] * 150)
    words = ["--out", "learnt", "--epochs", 2, "--dim", 2, "--estimator", "ips"]
    assert asked("learn", "two-tower", "one.csv", *words)[0] == 0
    by_name = learnt_target(tmp_path / "learnt", columns=read_file(tmp_path / "one.csv").names)
    one, other = (read_file(tmp_path / f"{name}.csv") for name in ("one", "other"))
    known = by_name(one.rounds)
    found = learnt_target(tmp_path / "learnt", columns=other.names)(other.rounds)
    is_c = np.arange(600) % 4 % 3 > 0
    assert np.array_equal(known, learnt_target(tmp_path / "learnt")(one.rounds))
    assert np.allclose(found[is_c], known[is_c], atol=1e-7)
    (tmp_path / "less.csv").write_text(
        "item_id,click,propensity_score,user_feature_0\n" + "1,1,0.5,b\n0,1,0.5,c\n" * 100
    )
    code, _, warned = asked("evaluate", "less.csv", "--policy", "learnt")
    assert code == 2
    assert "the columns that learnt learnt from, got none called 'user_feature_1'" in warned


GENRES = ("drama", "news", "sport")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A data folder: who likes a genre likes its arms, and choice was even."""
    folder = tmp_path_factory.mktemp("shop")
    genre = {"type": "categorical", "values": list(GENRES)}
    declared = {
        "name": "shop",
        "arms": [
            {"id": f"{one}-{number}", "features": {"genre": one}}
            for one in GENRES
            for number in range(2)
        ],
        "context": {"likes": genre, "age": {"type": "numeric", "range": [0, 100]}},
        "arm_features": {"genre": genre},
        "seed": 3,
        "policy": {"belief": "linear", "explorer": {"kind": "epsilon_greedy", "epsilon": 1.0}},
        "reward": {"window": "5s", "settle": "1s", "lateness": "1s"},
    }
    clock = ManualClock()
    with closing(open_store(Settings(data=str(folder)))) as store:
        served = Served(
            declared,
            lambda context, arm: 0.9 if arm.startswith(context["likes"]) else 0.1,
            lambda rng: {"likes": GENRES[rng.integers(3)], "age": float(rng.integers(100))},
            store=store,
            archive=open_archive(Settings(data=str(folder))),
            log=MemoryEventLog(clock=clock),
            clock=clock,
        )
        served.serve(1_500, every=500)
        served.rest()
    return folder


def test_a_bandit_s_own_archive_is_learnt_from_and_judges_what_was_learnt(asked, shop, tmp_path):
    words = ["--data", shop, "--epochs", 12, "--dim", 4, "--json"]
    code, said, warned = asked("learn", "two-tower", "shop", "--out", "learnt", *words)
    assert code == 0, warned
    assert json.loads(said)["held_out"] > 0.7
    towers = read_learnt(tmp_path / "learnt")
    assert list(towers.context) == ["likes", "age"]
    assert list(towers.arm_features) == ["genre"]
    # Who came since is placed by what it tells: here, with those of its genre.
    assert towers.item.of(np.eye(3)).shape == (3, 4)
    words = ["--data", shop, "--estimators", "snips", "--json"]
    code, said, warned = asked("evaluate", "shop", "--policy", "learnt", *words)
    assert code == 0, warned
    (judged,) = json.loads(said)["policies"]
    (one,) = judged["estimates"]
    assert 0.7 < one["value"] < 1.0


def test_in_an_export_its_columns_are_found_by_name_or_refused(asked, shop):
    """Lines have contexts as they were recorded, in another order and by other names: not what was learnt from."""
    words = ["--data", shop, "--epochs", 2, "--dim", 2, "--estimator", "ips"]
    assert asked("learn", "two-tower", "shop", "--out", "learnt", *words)[0] == 0
    judge = ["--policy", "learnt", "--estimators", "ips", "--json", "--anyway"]
    values = []
    for source, more in (("shop", ["--data", shop]), ("log.npz", [])):
        if not more:
            assert asked("export", "shop", source, "--data", shop)[0] == 0
        said = asked("evaluate", source, *judge, *more)[1]
        values.append(json.loads(said)["policies"][0]["estimates"][0]["value"])
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    for name in ("log.dsjson", "log.csv"):
        assert asked("export", "shop", name, "--data", shop)[0] == 0
        code, _, warned = asked("evaluate", name, *judge)
        assert (code, "got none called 'age'" in warned) == (2, True), warned


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--estimator", "drr"], 2, "drr"),
        (["--plan", "plan.yaml"], 2, "dims"),
        (["--plan", "none.yaml"], 2, "none.yaml"),
        (["--out", "."], 1, "not there yet"),
        (["--dim", "0"], 2, "dim must be at least 1"),
        (["--until", "2026-01-01T00:00:00Z"], 2, "--until is for a bandit's own archive"),
        (["--campaign", "men"], 2, "--campaign is for open-bandit"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(asked, tmp_path, words, code, message):
    (tmp_path / "plan.yaml").write_text("dims: 3\n")
    found, _, warned = asked("learn", "two-tower", "none.npz", *_out(words), *words)
    assert (found, message in warned) == (code, True), warned


def _out(words):
    return [] if "--out" in words else ["--out", "learnt"]


def test_without_pytorch_the_extra_is_named(asked, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tamesu.learn.gradients", None)
    code, _, warned = asked("learn", "two-tower", "log.npz", "--out", "learnt")
    assert code == 3
    assert "learn" in warned
    assert "pip install" in warned


def test_what_a_plan_says_stands_where_no_option_says_otherwise(asked, tmp_path):
    (tmp_path / "plan.yaml").write_text("{estimator: regression, seed: 5, dim: 3, epochs: 1}\n")
    words = ["learn", "two-tower", "log.npz", "--plan", "plan.yaml", "--json"]
    told = json.loads(asked(*words, "--out", "one")[1])["plan"]
    assert (told["estimator"], told["seed"], told["dim"]) == ("regression", 5, 3)
    told = json.loads(asked(*words, "--out", "two", "--seed", 6, "--dim", 2)[1])["plan"]
    assert (told["estimator"], told["seed"], told["dim"]) == ("regression", 6, 2)
