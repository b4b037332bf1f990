"""The data of the first version, upgraded, served and held against its records.

`golden/data-1.tar.gz` is the data folder of a system of that version (schema 1 of the store), stopped after
240 decisions of two bandits; it was made once and is never made again.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from serving import serving

from tamesu.base import Kind
from tamesu.cli.entry import run
from tamesu.client import Client
from tamesu.wiring import Settings, open_kept, open_log

GOLDEN = Path(__file__).parents[1] / "golden/data-1.tar.gz"


@pytest.fixture
def data(tmp_path):
    with tarfile.open(GOLDEN) as packed:
        for member in packed.getmembers():
            place = tmp_path / member.name
            if member.isdir():
                place.mkdir()
            else:
                place.write_bytes(packed.extractfile(member).read())
    return tmp_path / "data"


@pytest.fixture
def served(data, tmp_path, free_port):
    with serving(tmp_path, free_port()) as url, Client(url) as client:
        yield client


def decisions(data):
    log = open_log(Settings(data=str(data)))
    try:
        return [entry.key for entry in log.read(0, 0, 100_000) if entry.kind == Kind.DECISION]
    finally:
        log.close()


def test_it_serves_what_it_had_learnt_learns_on_and_adds_up(data, served, until, capsys):
    kept = {bandit["name"]: bandit["snapshot"] for bandit in served.bandits()}
    assert set(kept) == {"banner", "shop"}
    assert all(version > 0 for version in kept.values())
    old = [key for key in decisions(data) if key.startswith("shop.")]
    assert len(old) == 120
    assert served.explain(old[60])["decision_id"] == old[60]
    for _ in range(20):
        for bandit in kept:
            decided = served.decide(bandit)
            served.track(decided, "impression")
            served.track(decided, "click")
    until(lambda: all(one["snapshot"] > kept[one["name"]] for one in served.bandits()))
    capsys.readouterr()
    assert run(["reconcile", "--data", str(data)]) == 0
    assert "bit for bit" in capsys.readouterr().out


def test_what_only_looks_leaves_it_as_it_is(data, capsys):
    before = (data / "store.sqlite3").read_bytes()
    for words in (["reconcile"], ["arms", "history", "shop"]):
        assert run([*words, "--data", str(data)]) == 1
        assert "older one" in capsys.readouterr().err
    assert (data / "store.sqlite3").read_bytes() == before


def test_a_backup_of_it_is_one_of_the_present_version(data, tmp_path):
    before = (data / "store.sqlite3").read_bytes()
    assert run(["backup", str(tmp_path / "backup"), "--data", str(data)]) == 0
    assert (data / "store.sqlite3").read_bytes() == before
    assert run(["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new")]) == 0
    assert run(["reconcile", "--data", str(tmp_path / "new")]) == 0
    with open_kept(Settings(data=str(tmp_path / "new"))) as (store, _):
        assert set(store.versions()) == {"banner", "shop"}
