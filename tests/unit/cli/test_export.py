"""`tamesu export`: logs in files, between their forms and out of a bandit's own archive; what is wrong is told by the file."""

from __future__ import annotations

import gzip
import json
import pickle
from contextlib import closing

import numpy as np
import pytest
from served import Served

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.cli.entry import run
from tamesu.cli.exchange.reading import read_file
from tamesu.wiring import Settings, open_decisions, open_store

SHOP = {
    "name": "shop",
    "arms": [{"id": "a", "features": {"price": 1}}, {"id": "b", "features": {"price": 2}}],
    "seed": 7,
    "context": {"device": {"type": "categorical", "values": ["ios", "web"]}},
    "arm_features": {"price": {"type": "numeric", "range": [0, 2]}},
    "policy": {"belief": "linear", "explorer": {"kind": "epsilon_greedy", "explore": 0.2}},
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s"},
}
RANKED = {
    "name": "ranked",
    "arms": ["a", "b", "c"],
    "seed": 7,
    "layout": {"kind": "slate", "size": 2},
    "reward": SHOP["reward"],
}
FEEDBACK = {
    "n_rounds": 4,
    "n_actions": 3,
    "action": np.array([0, 2, 0, 2]),
    "reward": np.array([1, 0, 0, 1]),
    "pscore": np.array([0.5, 0.25, 0.5, 0.25]),
    "context": np.array([[0.5, 1.0], [0.1, 0.0], [0.3, 2.0], [0.7, 3.0]]),
    "action_context": np.array([[1.0], [2.0], [3.0]]),
}
ENDINGS = ["npz", "csv", "parquet", "dsjson", "dsjson.gz"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with two bandits in it."""
    path = tmp_path_factory.mktemp("data")
    with closing(open_store(Settings(data=str(path)))) as store:
        one = Served(
            SHOP,
            lambda _, arm: {"a": 0.2, "b": 0.5}[arm],
            lambda rng: {"device": ["ios", "web"][rng.integers(2)]},
            store=store,
            archive=ParquetArchive(path / "archive"),
        )
        one.serve(120)
        one.decide(fallback=True)
        one.rest()
    return path


@pytest.fixture
def exported(tmp_path, monkeypatch, capsys):
    """Runs it in an empty folder: exit code, what was printed, what was said on stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*words):
        capsys.readouterr()
        code = run(["export", *map(str, words)])
        return code, *capsys.readouterr()

    return command


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_leaves_and_is_read_back(exported, data, tmp_path, ending):
    code, out, err = exported("shop", f"log.{ending}", "--data", data, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["rounds"], told["arms"]) == (120, 2)
    assert told["left_out"]["fallback"] == 1
    assert told["context"] == ["device=ios", "device=web"]
    with open_decisions(Settings(data=str(data)), "shop") as decisions:
        known = decisions.logged().rounds()
    rounds, left, _ = read_file(tmp_path / f"log.{ending}")
    assert left == {}
    chosen = [rounds.arms[row] for row in rounds.chosen]
    assert chosen == [known.arms[row] for row in known.chosen]
    for name in ("reward", "propensity", "decided", "context"):
        assert np.array_equal(getattr(rounds, name), getattr(known, name)), name
    assert [one.name for one in tmp_path.iterdir()] == [f"log.{ending}"]


def test_lines_have_names_and_contexts_as_they_were_recorded(exported, data, tmp_path):
    assert exported("shop", "log.dsjson", "--data", data)[0] == 0
    line = json.loads((tmp_path / "log.dsjson").read_text().splitlines()[0])
    assert line["c"]["context"]["device"] in {"ios", "web"}
    assert [one["_tag"] for one in line["c"]["_multi"]] == ["a", "b"]
    assert {*line["c"]["_multi"][0]} == {"_tag", "price"}
    assert line["EventId"].startswith("shop.1.")


@pytest.mark.parametrize("ending", ENDINGS)
def test_forms_become_each_other_and_what_one_cannot_hold_is_told(exported, tmp_path, ending):
    np.savez(tmp_path / "log.npz", position=np.array(None), **FEEDBACK)
    code, out, _ = exported("log.npz", f"other.{ending}")
    assert code == 0
    assert out.startswith(f"4 rounds of 3 arms of log.npz in other.{ending}\nleft out 1: position,")
    code, out, _ = exported(f"other.{ending}", "back.npz", "--json")
    assert code == 0
    assert json.loads(out)["arms"] == (2 if ending in {"csv", "parquet"} else 3)
    back = read_file(tmp_path / "back.npz").rounds
    assert [back.arms[row] for row in back.chosen] == ["0", "2", "0", "2"]
    assert np.array_equal(back.context, FEEDBACK["context"])


def test_what_a_table_cannot_hold_is_told(exported, tmp_path):
    np.savez(tmp_path / "log.npz", shown=np.array([1, 0, 1, 1]), **FEEDBACK)
    _, out, _ = exported("log.npz", "log.csv")
    assert out.splitlines()[1:] == [
        "not in this form: what nobody saw: it stands in `shown`, which is ours alone; others take it as seen",
        "not in this form: 1 arms that were never chosen",
        "not in this form: what arms tell of themselves",
    ]
    assert read_file(tmp_path / "log.csv").rounds.shown.tolist() == [True, False, True, True]


def test_a_csv_keeps_ids_and_words_that_look_like_numbers(exported, tmp_path):
    (tmp_path / "log.csv").write_text(
        ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user-item_affinity_0\n"
        "0,2019-11-24 00:00:00.058519+00:00,007,3,0,0.5,12e500,,0.0\n"
        "1,2019-11-24 00:00:01+00:00,7,1,1,0.25,81ce, 3,1.0\n"
    )
    rounds, left, _ = read_file(tmp_path / "log.csv")
    assert rounds.arms == ("007", "7")
    assert rounds.context.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 3.0]]
    assert rounds.position.tolist() == [2, 0]
    assert left == {"columns of another kind (user-item_affinity_0)": 1}


HEADER = "item_id,click,propensity_score\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "log.csv",
            HEADER + "1,0,0.5\n2,yes,0.5\n",
            "log.csv: click must be numbers, got 'yes' in row 1",
        ),
        (
            "log.csv",
            HEADER + "1,0,0.5\n2,0,\n",
            r"log.csv: propensities must lie in (0, 1], got nan in row 1",
        ),
        (
            "log.csv",
            HEADER + "1,0,1.5\n",
            "log.csv: propensities must lie in (0, 1], got 1.5 in row 0",
        ),
        (
            "log.csv",
            "item_id,click\n1,0\n",
            "log.csv: a table of a log must have 'click', 'item_id'",
        ),
        ("log.csv", "", "log.csv must be a table"),
        ("log.parquet", "nothing", "log.parquet must be a table"),
        ("log.npz", "nothing", "log.npz must be arrays by name, as numpy.savez writes them"),
        ("log.dsjson", "{}\n", "log.dsjson: line 1: a decision must say what it chose from"),
        ("log.json.gz", "nothing", "log.json.gz must be packed by gzip"),
        (
            "log.csv",
            HEADER + "1,0,1.5\n",
            "leave out rows without one; rows count from 0, the line below the header; empty ones do not count",
        ),
        (
            "log.csv",
            HEADER + "1,0,0.5\n2,0\n",
            "log.csv: line 3 must have 3 fields as the header has, got 2",
        ),
        (
            "log.csv",
            HEADER.strip() + ',user_feature_0\n"1\n2",0,0.5,x\n\n2,0,0.5\n',
            "log.csv: line 5 must have 4 fields as the header has, got 3",
        ),
        ("log.csv", HEADER + "1,0,0.5,7\n", "line 2 must have 3 fields as the header has, got 4"),
        (
            "log.csv",
            HEADER.replace(",", ";") + "1;0;0.5\n",
            "got none of 'click', 'item_id', 'propensity_score' but 'item_id;click;propensity_score'",
        ),
        (
            "log.csv",
            "position," + HEADER + "1,1,0,0.5\n,1,0,0.5\n",
            "position must be whole numbers from 1, got nan in row 1 (1 of 2 rows)",
        ),
        (
            "log.csv",
            "timestamp," + HEADER + "2026-01-01,1,0,0.5\n,1,0,0.5\n",
            "timestamp must be a moment, got none in row 1",
        ),
        ("log.pkl", "nothing", "hint: a pickle may run any code when it is opened"),
        ("log.npy", "nothing", "write the dictionary with numpy.savez"),
        ("log.txt", "nothing", "a log must end with one of"),
    ],
)
def test_what_is_wrong_is_told_with_the_name_of_the_file(
    exported, tmp_path, name, content, message
):
    (tmp_path / name).write_text(content)
    code, out, err = exported(name, "other.npz")
    assert code in {1, 2}
    assert out == ""
    assert message in err
    assert not (tmp_path / "other.npz").exists()


@pytest.mark.parametrize(
    ("name", "bom"), [("log.csv", True), ("log.csv", False), ("log.dsjson", True)]
)
def test_files_that_came_by_way_of_windows_are_read(exported, tmp_path, name, bom):
    """With a byte order mark, with other ends of lines, with an empty line at the end."""
    text = HEADER + "1,1,0.5\n2,0,0.5\n"
    if name.endswith("dsjson"):
        np.savez(tmp_path / "log.npz", **FEEDBACK)
        exported("log.npz", name)
        text = (tmp_path / name).read_text()
    written = (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", "\r\n").encode() + b"\r\n"
    (tmp_path / name).write_bytes(written)
    code, out, err = exported(name, "other.npz", "--json")
    assert code == 0, err
    told = json.loads(out)
    is_csv = name.endswith("csv")
    assert told["rounds"] == (2 if is_csv else 4)
    assert told["left_out"] == ({"empty rows": 1} if is_csv else {})


def test_names_of_columns_go_with_them(exported, tmp_path):
    (tmp_path / "log.csv").write_text(
        "item_id,click,propensity_score,user_feature_0\n1,0,0.5,web\n2,0,0.5,ios\n"
    )
    assert exported("log.csv", "log.npz")[0] == 0
    names = ("user_feature_0=ios", "user_feature_0=web")
    assert tuple(np.load(tmp_path / "log.npz")["context_names"]) == names
    assert read_file(tmp_path / "log.npz").names == names
    code, out, _ = exported("log.npz", "other.csv", "--json")
    assert json.loads(out)["context"] == list(names)
    np.savez(tmp_path / "odd.npz", context_names=np.array(["a"]), **FEEDBACK)
    code, _, err = exported("odd.npz", "other.csv")
    assert code == 2
    assert "odd.npz: context_names must name 2 columns of context, each once, got 1" in err


class Bomb:
    def __reduce__(self):
        return print, ("it went off",)


def test_python_objects_are_never_opened(exported, tmp_path, capsys):
    np.savez(tmp_path / "log.npz", **{**FEEDBACK, "pscore": np.array([Bomb()] * 4)})
    code, out, err = exported("log.npz", "other.csv")
    assert code in {1, 2}
    assert "log.npz: pscore must be numbers or texts, got Python objects" in err
    np.savez(tmp_path / "log.npz", **{**FEEDBACK, "pscore": np.array(Bomb())})
    code, out, err = exported("log.npz", "other.csv")
    assert "must have 'action', 'pscore', 'reward', got none of 'pscore'" in err
    (tmp_path / "bomb.npz").write_bytes(pickle.dumps(Bomb()))
    assert exported("bomb.npz", "other.csv")[0] in {1, 2}
    assert "it went off" not in out + capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["log.npz", "other.txt"], "the file must end with one of"),
        (["log.npz", "other.npz.gz"], "got 'other.npz.gz'"),
        (["log.npz", "other.csv.gz"], "lines alone are packed"),
        (["log.npz", "none/other.csv"], "its folder is not there"),
        (["log.npz", "other.csv", "--since", "2026-01-01"], "--since is for a bandit's own"),
        (["log.npz", "other.csv", "--data", "."], "--data is for a bandit's own archive"),
        (["open-bandit", "other.csv"], "must be a bandit's log, or a file; got open-bandit"),
        (["gone.npz", "other.csv"], "no file gone.npz"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_read(exported, tmp_path, words, message):
    np.savez(tmp_path / "log.npz", **FEEDBACK)
    code, _, err = exported(*words)
    assert code in {1, 2}
    assert message in err


def test_slates_leave_as_arrays_alone(exported, tmp_path):
    path = tmp_path / "data"
    with closing(open_store(Settings(data=str(path)))) as store:
        one = Served(RANKED, lambda *_: 0.5, store=store, archive=ParquetArchive(path / "archive"))
        one.serve(20)
        one.rest()
    code, _, err = exported("ranked", "log.csv", "--data", path)
    assert code in {1, 2}
    assert "slates are written as arrays (.npz), got 'log.csv'" in err
    assert not (tmp_path / "log.csv").exists()
    code, out, _ = exported("ranked", "log.npz", "--data", path)
    assert code == 0
    assert "20 slates of 3 arms of ranked in log.npz" in out
    with open_decisions(Settings(data=str(path)), "ranked") as decisions:
        known = decisions.logged().slates()
    back = read_file(tmp_path / "log.npz").rounds
    assert np.array_equal(back.reward, known.reward)
    assert np.allclose(back.propensity, known.propensity, rtol=1e-12)
    assert [back.arms[one] for one in back.chosen.ravel()] == [
        known.arms[one] for one in known.chosen.ravel()
    ]
    assert run(["evaluate", "log.npz", "--policy", "uniform", "--anyway"]) in {0, 4}


def test_a_packed_file_that_was_cut_is_refused(exported, tmp_path):
    np.savez(tmp_path / "log.npz", **FEEDBACK)
    assert exported("log.npz", "log.dsjson.gz")[0] == 0
    whole = (tmp_path / "log.dsjson.gz").read_bytes()
    assert len(gzip.decompress(whole).splitlines()) == 4
    (tmp_path / "log.dsjson.gz").write_bytes(whole[:-20])
    code, _, err = exported("log.dsjson.gz", "other.csv")
    assert code in {1, 2}
    assert "must be packed by gzip" in err
