"""`tamesu evaluate` on real logs and on files: verdicts first, exit codes, refusals, the page."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from evaluating import evaluating, values

from tamesu.adapters.archive import open_bandit


@pytest.fixture(scope="module")
def clicks(tmp_path_factory):
    """The Open Bandit Dataset's small version, from wherever this machine's packages come."""
    return open_bandit.fetch(tmp_path_factory.mktemp("clicks") / "data")


@pytest.fixture
def asked(clicks, monkeypatch, capsys):
    """Runs it: exit code, what was printed, what was warned of."""
    monkeypatch.setenv("TAMESU_OPEN_BANDIT", str(clicks))
    return evaluating(capsys)


def test_uniform_to_thompson_sampling_has_its_known_value(asked):
    code, out, err = asked("open-bandit", "--policy", "bts", "--json")
    assert code == 0
    told = json.loads(out)
    assert round(values(told)["ips"], 5) == 0.00456
    (one,) = told["policies"]
    assert one["diagnostics"]["calibration"]["evidence"] < 1
    assert one["verdict"]["trust"] == "weak"
    assert [reason["what"] for reason in one["verdict"]["reasons"]] == ["effective rewards"]
    assert err.startswith("warning: bts is weak: all hangs on about 4.8 rounds that earned")


def test_thompson_sampling_to_uniform_is_refused_with_the_reason(asked):
    words = ["open-bandit", "--campaign", "women", "--logged-by", "bts", "--policy", "random"]
    code, out, err = asked(*words)
    assert code == 4
    assert "refused: any number would say more of luck" in out
    assert "worth 2.1 of the target policy's, less than 50" in out
    assert "the largest weight is 21,739" in out
    assert "carries 69% of all" in out
    assert "snips" not in out
    assert "warning: random is refused" in err
    assert "hint: its numbers are not printed; --anyway prints them" in err
    code, out, _ = asked(*words, "--json")
    assert code == 4
    (one,) = json.loads(out)["policies"]
    weights = one["diagnostics"]["weights"]
    assert weights["largest"] > 20_000
    assert weights["effective"] == pytest.approx(2, abs=0.1)
    assert one["estimates"] is None
    code, out, err = asked(*words, "--anyway")
    assert code == 4
    assert "snips" in out
    assert "--anyway" not in err


@pytest.mark.parametrize("wrong", ["of the row before", "shuffled", "as logged"])
def test_real_propensities_that_were_swapped_are_refused(asked, clicks, tmp_path, wrong):
    """Those of Thompson sampling, judged for uniform choice, in which nothing else has changed."""
    rows = open_bandit.load(clicks, "all", "bts")
    right = rows["propensity_score"].to_numpy()
    swapped = {
        "of the row before": np.roll(right, 1),
        "shuffled": np.random.default_rng(0).permutation(right),
        "as logged": right,
    }[wrong]
    np.savez(
        tmp_path / "log.npz",
        action=rows["item_id"].to_numpy(),
        reward=rows["click"].to_numpy(),
        pscore=swapped,
    )
    code, out, _ = asked(tmp_path / "log.npz", "--policy", "uniform", "--estimators", "snips")
    refused = "the propensities cannot be right" in " ".join(out.split())
    assert refused == (wrong != "as logged")
    assert code == (4 if refused else 0)


def test_the_logging_policy_itself_is_trusted(asked):
    code, out, err = asked("open-bandit", "--policy", "random", "--estimators", "ips,snips")
    assert (code, err) == (0, "")
    assert "trustworthy" in out
    assert len(re.findall(r"0\.0038 +0\.002594 to 0\.005006", out)) == 3


def test_several_policies_stand_side_by_side_on_one_page(asked, tmp_path):
    page = tmp_path / "judged.html"
    words = [
        "--policy",
        "random",
        "--policy",
        "arm:3",
        "--html",
        page,
        "--per",
        "decision,impression",
    ]
    code, out, _ = asked("open-bandit", *words)
    assert code == 0
    assert f"written to {page}" in out
    text = page.read_text()
    for piece in ("random", "arm:3", "trustworthy", "All policies", "per impression"):
        assert piece in text
    # It needs nothing else, and its pictures are whole.
    loads = re.findall(r"(?:src|href)\s*=|<script|url\((?!#)|@import", text)
    assert [one for one in loads if "href" not in one] == []
    assert set(re.findall(r'href="([^#"]*)', text)) <= {""}
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 2 + 2 * 4
    for picture in pictures:
        ET.fromstring(picture)


def test_a_page_does_not_show_what_is_refused(asked, tmp_path):
    page = tmp_path / "refused.html"
    words = ["open-bandit", "--campaign", "women", "--logged-by", "bts", "--policy", "random"]
    assert asked(*words, "--html", page)[0] == 4
    text = page.read_text()
    assert "Its numbers are not shown" in text
    assert "snips" not in text
    assert "the policy (self-normalised)" not in text


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """One log of two arms in each form of file."""
    folder = tmp_path_factory.mktemp("logs")
    rng = np.random.default_rng(4)
    chosen = (rng.random(1_200) < 0.25).astype(int)
    clicks = (rng.random(1_200) < np.where(chosen == 1, 0.6, 0.3)).astype(int)
    chances = np.where(chosen == 1, 0.25, 0.75)
    lines = ["item_id,position,click,propensity_score"]
    lines += [
        f"{arm},1,{click},{chance}"
        for arm, click, chance in zip(chosen, clicks, chances, strict=True)
    ]
    (folder / "log.csv").write_text("\n".join(lines))
    np.savez(folder / "log.npz", action=chosen, reward=clicks, pscore=chances, n_actions=2)
    rows = [
        json.dumps(
            {
                "_label_cost": -int(click),
                "_label_probability": chance,
                "_labelIndex": int(arm),
                "a": [int(arm) + 1, 2 - int(arm)],
                "p": [chance, 1 - chance],
                "c": {
                    "shared": {},
                    "_multi": [{"i": {"constant": 1, "id": str(one)}} for one in (0, 1)],
                },
            }
        )
        for arm, click, chance in zip(chosen, clicks, chances.tolist(), strict=True)
    ]
    (folder / "log.dsjson").write_text("\n".join(rows))
    return folder


@pytest.mark.parametrize("form", ["csv", "npz", "dsjson"])
def test_a_log_in_a_file_is_judged(asked, logs, form):
    words = ["--policy", "uniform", "--estimators", "snips", "--json"]
    code, out, err = asked(logs / f"log.{form}", *words)
    assert code == 0, err
    assert values(json.loads(out))["snips"] == pytest.approx(0.45, abs=0.06)


def test_policies_come_as_tables_and_functions(asked, logs, tmp_path, monkeypatch):
    log = logs / "log.csv"
    (tmp_path / "shares.csv").write_text("1,0\n0.5,0.5\n")
    np.save(tmp_path / "each.npy", np.tile([0.0, 1.0], (1_200, 1)))
    (tmp_path / "wishes.py").write_text(
        "import numpy as np\n\ndef last(rounds):\n    return np.tile([0.0, 1.0], (len(rounds), 1))\n"
    )
    monkeypatch.chdir(tmp_path)
    names = ["uniform", tmp_path / "shares.csv", "arm:1", tmp_path / "each.npy", "wishes:last"]
    words = [word for name in names for word in ("--policy", name)]
    code, out, _ = asked(log, *words, "--estimators", "ips", "--json")
    assert code == 0
    told = json.loads(out)
    found = [values(told, number)["ips"] for number in range(5)]
    assert found[0] == found[1]
    assert found[2] == found[3] == found[4] == pytest.approx(0.6, abs=0.2)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["log.csv", "--policy", "arm:7"], 1, "no such arm: '7'"),
        (["log.csv", "--policy", "best"], 2, "no policy is known by 'best'"),
        (["log.csv", "--policy", "best.yaml"], 2, "are judged by a bandit's own archive"),
        (["log.csv", "--policy", "nothing.csv"], 1, "no file nothing.csv"),
        (["log.csv", "--policy", "wish_list:none"], 1, "wish_list:none must be importable"),
        (["log.csv", "--policy", "os:nothing"], 1, "module 'os' must have a function 'nothing'"),
        (["log.csv", "--policy", "uniform", "--estimators", "drr"], 2, "unknown estimator 'drr'"),
        (["log.csv", "--policy", "uniform", "--per", "click"], 2, "unknown estimand 'click'"),
        (["log.csv", "--policy", "uniform", "--interval", "t"], 2, "unknown interval 't'"),
        (["log.csv", "--policy", "uniform", "--interval", "bernstein"], 2, "bounds"),
        (
            ["log.csv", "--policy", "uniform", "--bounds", "1..0", "--interval", "betting"],
            2,
            "LOW..HIGH",
        ),
        (
            ["log.csv", "--policy", "uniform", "--bounds", "0..1"],
            2,
            "--bounds says nothing to --interval normal",
        ),
        (
            ["log.csv", "--policy", "uniform", "--most-weight", "4", "--interval", "bootstrap"],
            2,
            "--most-weight says nothing to --interval bootstrap",
        ),
        (["log.csv", "--policy", "uniform", "--confidence", "2"], 2, "between 0 and 1"),
        (["log.csv", "--policy", "uniform", "--model", "oracle"], 2, "unknown reward model"),
        (["log.csv", "--policy", "uniform", "--html", "page.pdf"], 2, "must end in .html"),
        (["log.csv", "--policy", "uniform", "--html", "no/page.html"], 1, "folder is not there"),
        (["log.tsv", "--policy", "uniform"], 2, "a log must end with one of"),
        (["nothing.csv", "--policy", "uniform"], 1, "no file nothing.csv"),
        (["open-bandit", "--campaign", "dogs", "--policy", "bts"], 2, "no campaign 'dogs'"),
        (["nobody", "--policy", "logging"], 1, "must hold a store"),
        (["log.csv"], 2, "--policy"),
        (["log.csv", "--policy", ""], 2, "a policy must have a name"),
        (["log.csv", "--policy", "uniform", "--estimators", ""], 2, "must have one, got none"),
        (
            ["log.csv", "--policy", "uniform", "--since", "2026-01-01T00:00:00Z"],
            2,
            "--since is for",
        ),
        (["log.csv", "--policy", "uniform", "--at", "prior"], 2, "--at is for a bandit's own"),
        (["log.csv", "--policy", "uniform", "--at", "along"], 2, "--at is for a bandit's own"),
        (
            ["log.csv", "--policy", "uniform", "--campaign", "men"],
            2,
            "--campaign is for open-bandit",
        ),
        (["nobody", "--policy", "uniform", "--logged-by", "bts"], 2, "--logged-by is for open-b"),
        (
            ["open-bandit", "--policy", "uniform", "--until", "now"],
            2,
            "--until is for a bandit's own",
        ),
        (["", "--policy", "uniform"], 2, "a log must have a name"),
        (["log.csv", "--policy", "os:getcwd"], 2, "it raised TypeError"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_asked_is_refused_by_name(asked, logs, monkeypatch, words, code, message):
    monkeypatch.chdir(logs)
    found, out, err = asked(*words)
    assert (found, out) == (code, "")
    assert message in err


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("1,0\n0.5,half\n", "must be a table of numbers"),
        ("1,0,2\n0,0.5,0.5\n", "a column for each arm and no other, got 3"),
        ("1\n1\n", "a column for each arm and no other, got none for ['0']"),
        ("1,0\n" + "0.5,0.5\n" * 1_201, "or one for each of 1,200, got 1,201"),
        ("1,0\n" + "0.5,0.5\n" * 1_199, "or one for each of 1,200, got 1,199"),
        ("1,0\n0.5,0.5,0.5\n", "must be a table of numbers"),
        ("", "must be a table of numbers"),
    ],
)
def test_a_table_that_cannot_be_a_policy_is_refused(asked, logs, tmp_path, table, message):
    (tmp_path / "shares.csv").write_text(table)
    code, out, err = asked(logs / "log.csv", "--policy", tmp_path / "shares.csv")
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (",0.25", ",0"),
        (",0.25", ",1.5"),
        (",0.25", ","),
    ],
    ids=["zero", "above one", "missing"],
)
def test_a_propensity_that_cannot_be_is_refused(asked, logs, tmp_path, change, message):
    lines = (logs / "log.csv").read_text().splitlines()
    row = next(number for number, line in enumerate(lines) if line.endswith(change))
    lines[row] = lines[row].removesuffix(change) + message
    (tmp_path / "wrong.csv").write_text("\n".join(lines))
    code, out, err = asked(tmp_path / "wrong.csv", "--policy", "uniform")
    assert (code, out) == (2, "")
    assert "propensit" in err
    assert "(0, 1]" in err or "missing" in err or "None" in err


def test_names_are_shown_as_they_are(asked, tmp_path):
    """Of arms that look like markup, formulas or controls: on the terminal, and on a page that is still one."""
    names = [
        "<b>x</b>",
        "$x^2$",
        "a&b",
        "[red]x[/red]",
        "\x01ctl",
        "\u8a66\u3059",
        ":a:",
        "{b}",
        "x" * 500,
    ]
    chosen = np.arange(900) % len(names)
    np.savez(
        tmp_path / "odd.npz",
        action=chosen,
        reward=(chosen % 2).astype(float),
        pscore=np.full(900, 1 / len(names)),
        n_actions=len(names),
        arms=np.array(names),
    )
    page = tmp_path / "odd.html"
    words = ["--policy", "uniform", "--policy", "arm:[red]x[/red]", "--html", page]
    code, out, _ = asked(tmp_path / "odd.npz", *words, "--estimators", "ips")
    assert code == 0
    assert "arm:[red]x[/red]: what the log can tell" in out
    text = page.read_text()
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "\x01" not in re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(picture)


def test_large_rewards_are_told_as_people_write_them(asked, tmp_path):
    revenue = np.where(np.arange(900) % 3 > 0, 123_456.0, -2.0)
    pairs = {"action": np.arange(900) % 2, "reward": revenue, "pscore": np.full(900, 0.5)}
    np.savez(tmp_path / "yen.npz", **pairs)
    code, out, _ = asked(tmp_path / "yen.npz", "--policy", "uniform", "--estimators", "ips")
    assert code == 0
    assert len(re.findall(r" 82,303 +78,4\d\d to 86,1\d\d", out)) == 2


def test_of_slates_in_a_file_no_single_arm_is_judged(asked, tmp_path):
    np.savez(
        tmp_path / "slates.npz",
        slate_id=[0, 0],
        position=[0, 1],
        action=[1, 0],
        reward=[0.0, 1.0],
        pscore_cascade=[0.5, 0.5],
    )
    code, _, err = asked(tmp_path / "slates.npz", "--policy", "arm:1")
    assert code == 2
    assert "no policy of slates is known by 'arm:1' here" in err


def test_each_interval_can_be_asked_for(asked, logs):
    for kind, more in {
        "bootstrap": ["--seed", 5],
        "bernstein": ["--bounds", "0..1", "--most-weight", 4],
        "betting": ["--bounds", "0..1"],
        "sequence": ["--bounds", "0..1"],
    }.items():
        words = ["--policy", "uniform", "--estimators", "ips", "--interval", kind, "--json", *more]
        code, out, err = asked(logs / "log.csv", *words)
        assert code == 0, err
        (one,) = json.loads(out)["policies"][0]["estimates"]
        assert one["interval"]["low"] < 0.45 < one["interval"]["high"]
    words = ["--policy", "uniform", "--estimators", "ips", "--interval", "bootstrap", "--json"]
    once, again, other = (asked(logs / "log.csv", *words, "--seed", seed)[1] for seed in (1, 1, 2))
    assert once == again != other
