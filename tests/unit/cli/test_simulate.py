"""Simulations from the shell: the same numbers however many run side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tamesu.cli.entry import run
from tamesu.cli.simulate.runs import Run, marks
from tamesu.cli.simulate.summary import summarise
from tamesu.sim import Evaluability


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("{name: shop, arms: [a, b, c], batch: {size: 40}}")
    return str(path)


def told(capsys, *words):
    assert run(["simulate", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_a_simulation_says_what_was_lost_and_what_uniform_play_would_lose(file, capsys):
    world = "bernoulli:0.1,0.5,0.9"
    found = told(capsys, file, "--world", world, "--rounds", "600", "--seeds", "4", "--jobs", "1")
    assert (found["bandit"], found["world"], found["every"]) == ("shop", world, 40)
    learnt, uniform = found["policies"]
    assert (learnt["policy"], uniform["policy"]) == ("thompson", "uniform")
    assert uniform["regret"]["mean"] == pytest.approx(240, rel=0.15)
    assert 0 < learnt["regret"]["mean"] < 120
    assert uniform["saved"] is None
    assert learnt["saved"]["mean"] == pytest.approx(
        uniform["regret"]["mean"] - learnt["regret"]["mean"]
    )
    assert uniform["effective"]["mean"] == pytest.approx(1)
    assert learnt["best"]["mean"] > 0.9
    assert [mark["rounds"] for mark in learnt["over_time"]] == list(range(12, 601, 12))
    means = [mark["regret"]["mean"] for mark in learnt["over_time"]]
    assert means == sorted(means)
    assert means[-1] == learnt["regret"]["mean"]
    assert 0.3 < uniform["reward"]["mean"] < 0.7 < learnt["reward"]["mean"] < 0.95


def test_side_by_side_gives_the_same_numbers(file, capsys):
    words = (file, "--world", "drifting:0.1..0.9", "--rounds", "200", "--seeds", "3")
    assert told(capsys, *words, "--jobs", "1") == told(capsys, *words, "--jobs", "2")


def test_tables_for_people(file, capsys):
    assert run(["simulate", file, "--rounds", "30", "--seeds", "2", "--jobs", "1"]) == 0
    out, _ = capsys.readouterr()
    for piece in ("shop in bernoulli: 30 rounds, 2 runs", "regret saved against uniform", " ± "):
        assert piece in out


def test_clicks_that_were_logged_are_played(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "logs"
    (folder / "random").mkdir(parents=True)
    (folder / "ATTRIBUTION.txt").write_text("made up")
    rows = pl.DataFrame({"item_id": [0, 1, 2] * 40, "position": ([1] * 3 + [2] * 3) * 20})
    rows = rows.with_columns(click=(pl.col("item_id") == 1).cast(pl.Int64))
    rows.write_parquet(folder / "random" / "women.parquet")
    monkeypatch.setenv("TAMESU_OPEN_BANDIT", str(folder))
    words = ["--world", "open-bandit:women", "--rounds", "90", "--seeds", "2", "--jobs", "1"]
    path = tmp_path / "women.yaml"
    path.write_text("{name: women, arms: [2, 1], layout: {kind: slate, size: 2}, batch: {size: 9}}")
    found = told(capsys, str(path), *words)
    # Both arms are always shown, and one of them always clicked.
    assert found["policies"][0]["reward"]["mean"] == 1
    assert found["policies"][0]["regret"]["mean"] == pytest.approx(0, abs=1e-9)
    path.write_text("{name: women, arms: [2, 1], batch: {size: 9}}")
    swept = told(capsys, str(path), *words, "--sweep", "explorer")["values"]
    regrets = {one["value"]: one["regret"]["mean"] for one in swept}
    assert regrets["greedy"] < regrets["uniform"]
    path.write_text("{name: women, arms: [2, 7]}")
    assert run(["simulate", str(path), *words]) == 1
    assert "no such arm: '7'" in capsys.readouterr().err
    path.write_text("{name: women, arms: [0, 1, 2], layout: {kind: slate, size: 3}}")
    assert run(["simulate", str(path), *words]) == 2
    assert "may have 2 arms" in capsys.readouterr().err


@pytest.mark.parametrize(
    "world",
    [
        "bernoulli:0.1,0.5,0.9",
        "drifting:0.1..0.9",
        "switching,jumps=3",
        "switching:0.1,0.5,0.9,jumps=2",
        "delayed:0.1..0.9,mean=20s",
        "positioned:0.1..0.9,examined=0.5,apart=1",
        "cascade:0.1..0.9",
        "adversarial:0.1..0.9",
    ],
)
def test_each_world_is_played_with_its_truth(file, capsys, world):
    found = told(capsys, file, "-w", world, "--rounds", "400", "--seeds", "2", "--jobs", "1")
    learnt, uniform = found["policies"]
    for played in (learnt, uniform):
        assert 0 <= played["regret"]["mean"] <= 400
        assert played["fixed"]["mean"] <= played["regret"]["mean"] + 1e-9
    if world.startswith("adversarial"):
        # Whoever can be foreseen does worse than who cannot.
        assert learnt["fixed"]["mean"] > uniform["fixed"]["mean"] + 20
        assert learnt["saved"]["mean"] == pytest.approx(
            uniform["fixed"]["mean"] - learnt["fixed"]["mean"]
        )
    elif not world.startswith(("drifting", "switching")):
        assert learnt["regret"]["mean"] < uniform["regret"]["mean"]
        assert learnt["over_time"][-1]["gained"]["mean"] > 0.1
    if not world.startswith(("drifting", "switching", "adversarial")):
        # Nothing changes: the best arms at each moment are the best arms.
        assert learnt["fixed"]["mean"] == pytest.approx(learnt["regret"]["mean"])


def test_jumps_are_what_makes_the_best_fixed_arm_poor(file, capsys):
    """Each phase another arm is best, so holding one fixed loses what uniform play does."""
    words = ("-w", "switching:0.0,0.0,0.9,jumps=2", "-n", "300", "--seeds", "1", "--jobs", "1")
    uniform = told(capsys, file, *words, "--every", "10")["policies"][1]
    # The best fixed arm earns .9 in one phase of three: as uniform play, but for its luck.
    assert uniform["regret"]["mean"] - uniform["fixed"]["mean"] == pytest.approx(180)


def test_rewards_that_are_numbers_are_played(tmp_path, capsys):
    path = tmp_path / "numbers.yaml"
    path.write_text(
        "{name: numbers, arms: [a, b, c], batch: {size: 40}, reward: {range: [-3, 6]},"
        " policy: {belief: gaussian}}"
    )
    words = ("-w", "gaussian:0,1,3,sd=0.5", "-n", "400", "--seeds", "2", "--jobs", "1")
    learnt, uniform = told(capsys, str(path), *words)["policies"]
    assert learnt["reward"]["mean"] > 2.3
    assert uniform["reward"]["mean"] == pytest.approx(4 / 3, abs=0.3)
    assert learnt["regret"]["mean"] < uniform["regret"]["mean"] / 3


def test_declarations_are_compared_on_the_same_luck(tmp_path, capsys):
    for name, explorer in (("one", "thompson"), ("other", "thompson"), ("eps", "epsilon_greedy")):
        (tmp_path / f"{name}.yaml").write_text(
            f"{{name: shop, arms: [a, b, c], batch: {{size: 40}}, policy: {{explorer: {explorer}}}}}"
        )
    files = [str(tmp_path / f"{name}.yaml") for name in ("one", "other", "eps")]
    words = ("--rounds", "200", "--seeds", "2", "--jobs", "1")
    one, other, eps, uniform = told(capsys, *files, *words)["policies"]
    assert [p["policy"] for p in (one, other, eps, uniform)] == ["one", "other", "eps", "uniform"]
    assert {**one, "policy": "other"} == other
    assert eps["regret"] != one["regret"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: x, arms: [a, c, b]}", "must have the same arms"),
        ("{name: x, arms: [a, b, c], layout: {kind: slate, size: 2}}", "equally many arms"),
    ],
)
def test_declarations_that_cannot_be_compared_are_refused(file, tmp_path, capsys, text, message):
    other = tmp_path / "other.yaml"
    other.write_text(text)
    assert run(["simulate", file, str(other)]) == 2
    assert message in capsys.readouterr().err
    assert run(["simulate", file, file]) == 2
    assert "names of their own" in capsys.readouterr().err
    other.write_text("{name: x, arms: [a, b, c]}")
    assert run(["simulate", file, str(other), "--sweep", "arms"]) == 2
    assert "a sweep plays one declaration" in capsys.readouterr().err


def test_what_is_printed_does_not_depend_on_what_is_drawn(file, tmp_path, capsys):
    words = ["simulate", file, "--rounds", "100", "--seeds", "2", "--jobs", "1"]
    assert run(words) == 0
    plain = capsys.readouterr().out
    assert run([*words, "--plot", str(tmp_path / "out.svg")]) == 0
    assert capsys.readouterr().out == plain


def test_a_sweep_is_told_and_drawn_with_what_was_left_out(tmp_path, capsys):
    path = tmp_path / "slate.yaml"
    path.write_text(
        "{name: home, arms: [a, b, c, d], layout: {kind: slate, size: 3}, fallback: [a],"
        " policy: {explorer: greedy, belief: {kind: beta, priors: {a: [2, 3]}}}}"
    )
    out = tmp_path / "sweep.svg"
    words = ["simulate", str(path), "--sweep", "arms", "-w", "bernoulli:0.1..0.6"]
    words += ["-n", "120", "--every", "20", "--seeds", "2", "--jobs", "1"]
    assert run([*words, "--plot", str(out)]) == 0
    text = capsys.readouterr().out
    for piece in ("by arms: 2 runs each", "4 arms", "32 arms", "left out: 2 arms (a decision"):
        assert piece in text
    assert out.read_text(encoding="utf-8").startswith("<?xml")
    found = told(capsys, *words[1:])
    assert found["left_out"] == {"2 arms": "a decision delivers 3"}
    assert [one["value"] for one in found["values"]] == ["4 arms", "8 arms", "16 arms", "32 arms"]
    for one in found["values"]:
        assert one["over_time"][-1]["rounds"] == one["rounds"] == 120
        assert one["regret"]["mean"] == one["over_time"][-1]["regret"]["mean"]


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_plot_is_written(file, tmp_path, capsys, ending, begins):
    out = tmp_path / f"regret.{ending}"
    told(capsys, file, "--rounds", "20", "--seeds", "2", "--jobs", "1", "--plot", str(out))
    assert out.read_bytes().startswith(begins)


def test_a_plot_that_cannot_be_is_refused(file, tmp_path, capsys, monkeypatch):
    words = ["simulate", file, "--rounds", "1", "--seeds", "1", "--jobs", "1", "--plot"]
    assert run([*words, "regret.docx"]) == 2
    assert "--plot must end in one of .png, .svg, .pdf" in capsys.readouterr().err
    assert run([*words, str(tmp_path / "no" / "folder.png")]) == 1
    told = capsys.readouterr()
    assert "cannot be written" in told.err
    assert not told.out, "it is said before anything is played"
    monkeypatch.delitem(sys.modules, "tamesu.cli.simulate.plot")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run([*words, "regret.png"]) == 3
    assert "tamesu[plot]" in capsys.readouterr().err


def test_a_single_run_has_no_standard_error(file, capsys):
    found = told(capsys, file, "--rounds", "10", "--seeds", "1", "--jobs", "1")
    assert found["policies"][0]["regret"]["error"] is None
    assert run(["simulate", file, "--rounds", "10", "--seeds", "1", "--jobs", "1"]) == 0
    assert "against uniform, on the same luck: " in capsys.readouterr().out


def test_uniform_is_not_compared_with_itself(tmp_path, capsys):
    path = tmp_path / "u.yaml"
    path.write_text("{name: u, arms: [a, b], policy: {explorer: uniform}}")
    found = told(capsys, str(path), "--rounds", "10", "--seeds", "2", "--jobs", "1")
    assert [played["policy"] for played in found["policies"]] == ["uniform"]
    assert found["policies"][0]["saved"] is None


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--world", "bernuli"], "unknown world 'bernuli'", "did you mean 'bernoulli'?"),
        (["--world", ""], "unknown world ''", "open-bandit:men"),
        (["--world", "bernoulli:0.1,0.2"], "3 arms are declared, got 2 rates", ""),
        (["--world", "bernoulli:0.1,x,1"], "a rate must lie in [0, 1], got 'x'", "drifting"),
        (["--world", "bernoulli:0.1,1.2,1"], "a rate must lie in [0, 1], got '1.2'", ""),
        (["--world", "bernoulli:0.9..0.1"], "a range of rates must rise", ""),
        (["--world", "bernoulli:nan..1"], "got 'nan'", ""),
        (["--world", "drifting:0.1,0.2,0.3"], "takes a range of rates", ""),
        (["--world", "gaussian,ds=1"], "'ds' is no option of a gaussian world", "sd"),
        (["--world", "gaussian:0..1,sd=1,sd=2"], "'sd' is given twice", "sd"),
        (["--world", "gaussian,sd=-1"], "sd of a world must lie between 0 and 1e+06", "sd=1"),
        (["--world", "gaussian,sd=nan"], "got 'nan'", "sd=1"),
        (["--world", "gaussian:0..1e9"], "must lie within ±1e+06, got '1e9'", ""),
        (["--world", "gaussian:0..1"], "the beta belief learns rewards of 0 and 1", "gaussian"),
        (["--world", "switching,jumps=1.5"], "jumps of a world must be a whole number", ""),
        (["--world", "delayed,mean=2"], "a duration must be a number and a unit", "500ms"),
        (["--world", "bernoulli,x=1"], "'x' is no option", "none"),
        (["--world", "positioned,apart=2"], "apart of a world must lie between 0 and 1", ""),
        (["--world", "drifting", "--sweep", "arms"], "got 'drifting'", "bernoulli:0.05..0.10"),
        (["--world", "bernoulli:0.1,0.2,0.3", "--sweep", "gaps"], "by a range of rates", ""),
        (["--world", "bernoulli:0.2..0.2", "--sweep", "gaps"], "arms that differ", "0.05..0.10"),
        (["--sweep", "colour"], "--sweep", ""),
        (["--pace", "0s"], "--pace must lie above 0s", ""),
        (["--pace", "soon"], "a duration must be", ""),
        (["--rounds", "0"], "--rounds", ""),
        (["--seeds", "0"], "--seeds", ""),
        (["--every", "0"], "--every", ""),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is(file, capsys, words, message, hint):
    assert run(["simulate", file, *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert hint in err


def test_a_declaration_that_cannot_be_is_refused(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text("{name: shop, arms: [a], layout: {kind: slate, size: 2}}")
    assert run(["simulate", str(path)]) == 2
    assert "layout.size" in capsys.readouterr().err


def test_figures_are_means_with_their_standard_errors():
    even = Evaluability(0.5, 0.0, 1.0)
    runs = [
        Run("mine", run, (1.0, regret), (0.5, regret - 3), (0.0, 1.0), earned, even)
        for run, (regret, earned) in enumerate([(2.0, 10.0), (4.0, 20.0), (6.0, 30.0)])
    ]
    runs += [
        Run("uniform", run, (1.0, regret), (0.5, regret), (0.0, 0.0), 0.0, even)
        for run, regret in enumerate([5, 8, 11])
    ]
    mine, other = summarise(runs, rounds=2)
    assert (mine.policy, other.policy) == ("mine", "uniform")
    assert (mine.regret.mean, mine.regret.error) == pytest.approx((4, 2 / 3**0.5))
    assert mine.fixed.mean == pytest.approx(1)
    assert mine.reward.mean == pytest.approx(10)
    assert [mark.gained.mean for mark in mine.over_time] == [0, 1]
    # Run by run 3, 4, 5; against arms held fixed 6, 7, 8.
    assert (mine.saved.mean, mine.saved.error) == pytest.approx((4, 1 / 3**0.5))
    assert summarise(runs, rounds=2, fixed=True)[0].saved.mean == pytest.approx(7)
    assert other.saved is None


@pytest.mark.parametrize("rounds", [1, 3, 10, 17, 10_000])
def test_the_last_mark_is_the_end(rounds):
    found = marks(rounds)
    assert found == sorted(set(found))
    assert found[-1] == rounds
    assert found[0] >= 1
    assert len(found) <= 50
    assert {*marks(rounds, 10)} <= {*found}, "a table shows some of what was noted"


@pytest.fixture
def endless(file):
    """A simulation on two processes that would take days, in a group of its own."""
    words = [sys.executable, "-m", "tamesu", "simulate", file]
    words += ["--rounds", "100000000", "--every", "10", "--seeds", "4", "--jobs", "2"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("number", "least"), [(signal.SIGINT, 4), (signal.SIGTERM, 4), (signal.SIGTERM, 2)]
)
def test_ctrl_c_ends_all_processes_of_it_and_leaves_no_traceback(endless, until, number, least):
    until(lambda: len(members(endless.pid)) >= least)  # also while they are being started
    os.killpg(endless.pid, number) if number == signal.SIGINT else endless.send_signal(number)
    out, err = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert (out, err) == ("", "stopped\n")
    until(lambda: not members(endless.pid))


def test_without_the_one_who_started_them_processes_end(endless, until):
    until(lambda: len(members(endless.pid)) >= 4)
    endless.kill()
    until(lambda: not members(endless.pid))


def test_a_process_that_is_ended_is_an_error_and_not_an_endless_wait(endless, until):
    def worker():
        for pid in members(endless.pid):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"spawn_main" in words:
                return int(pid)
        return None

    os.kill(until(worker), signal.SIGKILL)
    _, err = endless.communicate(timeout=60)
    assert endless.returncode == 1
    assert "error: every process of a simulation must live" in err
    assert "--jobs 1" in err


def members(group):
    """Processes of a group that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            _, _, rest = (entry / "stat").read_text(encoding="utf-8").rpartition(")")
        except OSError:
            continue
        state, _, its_group = rest.split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(entry.name)
    return found
