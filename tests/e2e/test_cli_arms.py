"""Arms from the shell, against `tamesu serve` with two workers and its trainer."""

from __future__ import annotations

import json

import pytest
from serving import serving

from tamesu.cli.entry import run
from tamesu.wiring import load_settings

BANDIT = "name: shop\narms: [a, b, c]\nreward: {window: 1s, lateness: 100ms}\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory, free_port):
    """Where `tamesu serve` answers, with the bandit `shop`."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, free_port(), "--workers", "2") as url:
        file = folder / "shop.yaml"
        file.write_text(BANDIT)
        assert run(["bandit", "create", str(file), "--url", url]) == 0
        yield url


@pytest.fixture
def told(served, capsys):
    def command(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--url", served]) == code
        out, err = capsys.readouterr()
        return err if code else json.loads(out) if "--json" in words else out

    return command


def test_arms_come_and_go_and_every_worker_knows_at_once(told):
    said = told("arms", "add", "shop", "d", "e", "--metadata", '{"price": 2.5}', "--json")
    assert (said["status"], said["added"], said["roster"]) == ("applied", 2, 1)
    for _ in range(20):  # whichever worker answers
        decided = told("decide", "shop", "--eligible", "d", "--json")
        assert decided["deliveries"][0]["arm"] == "d"
    assert told("arms", "retire", "shop", "a", "b").strip() == "shop, roster 2: retired 2"
    assert told("arms", "retire", "shop", "a").strip() == "shop, roster 2: nothing to change"
    listed = told("arms", "list", "shop")
    assert "roster 2: active 3, retired 2" in listed
    assert '{"price": 2.5}' in listed
    assert told("arms", "revive", "shop", "a").strip() == "shop, roster 3: revived 1"
    statuses = {arm["arm"]: arm["status"] for arm in told("arms", "list", "shop", "--json")["arms"]}
    assert statuses == {
        "a": "active",
        "b": "retired",
        "c": "active",
        "d": "active",
        "e": "active",
    }


def test_what_cannot_be_says_what_to_do(told):
    assert "no such arm: 'nowhere'" in told("arms", "retire", "shop", "nowhere", code=1)
    assert "no such arm: 'nowhere'" in told("arms", "revive", "shop", "nowhere", code=1)
    assert "no bandit named 'nowhere'" in told("arms", "list", "nowhere", code=1)
    assert "must be a JSON object" in told(
        "arms", "add", "shop", "f", "--metadata", "price", code=2
    )
    assert "must be a JSON object" in told("arms", "add", "shop", "f", "--metadata", "[1]", code=2)
    assert "must keep 1 active arms" in told(
        *("arms", "retire", "shop", *"abcde"),
        code=1,
    )


def test_a_sync_makes_the_arms_those_of_a_file(told, tmp_path):
    told("arms", "add", "shop", "a", "b", "c", "d", "e", "f", "--metadata", "{}")
    file = tmp_path / "arms.csv"
    file.write_text("id,title\na,Tea\nb,\nc,\nd,\ng,New\n")
    words = ("arms", "sync", "shop", "--from", str(file))
    before = told("arms", "list", "shop", "--json")
    refused = told(*words, "--dry-run", code=1)
    assert refused == told(*words, code=1)
    assert "retire 2 of 6" in refused
    assert "--dry-run --force lists" in refused
    assert "retire: e, f" in told(*words, "--dry-run", "--force")
    looked = told(*words, "--limit", "0.5", "--dry-run")
    assert "shop would change: added 1, changed 1, retired 2" in looked
    assert "retire: e, f" in looked
    assert told("arms", "list", "shop", "--json") == before
    said = told(*words, "--limit", "0.5", "--json")
    assert [said[what] for what in ("status", "added", "changed", "retired")] == [
        "applied",
        1,
        1,
        2,
    ]
    listed = {arm["arm"]: arm for arm in told("arms", "list", "shop", "--json")["arms"]}
    assert {arm for arm in listed if listed[arm]["status"] == "active"} == set("abcdg")
    assert listed["a"]["metadata"] == {"title": "Tea"}
    assert "nothing to change" in told(*words)
    file.write_text("id\na\na\n")
    assert "line 3 of arms.csv" in told(*words, "--force", code=2)


def test_the_variable_that_names_the_server_is_no_setting(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TAMESU_URL", served)
    assert run(["arms", "list", "shop"]) == 0
    assert "shop" in capsys.readouterr().out
    assert load_settings({"data": str(tmp_path)}).url != served
