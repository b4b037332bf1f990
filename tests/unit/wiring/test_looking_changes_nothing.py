"""Whoever only looks at an older installation leaves it as it is: the way back stays open."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tamesu.adapters import sqlite
from tamesu.cli.entry import run

GOLDEN = Path(__file__).parents[2] / "golden"


LOOKS = ["status", "doctor", "asides", "aggregate", "replay", "reconcile"]


@pytest.mark.parametrize("command", LOOKS)
def test_an_older_store_is_not_brought_up_to_date_by_a_look(command, tmp_path, capsys):
    path = tmp_path / "data" / "store.sqlite3"
    path.parent.mkdir()
    path.write_bytes((GOLDEN / "store-schema-1.sqlite3").read_bytes())
    run([command, "--data", str(path.parent)])
    with contextlib.closing(sqlite.connect(path)) as connection:
        assert connection.execute("SELECT number FROM schema").fetchall() == [(1,)]
    out, err = capsys.readouterr()
    assert "newer schema" not in out + err


@pytest.mark.parametrize("command", [look for look in LOOKS if look != "doctor"])
def test_it_is_told_what_to_do_instead(command, tmp_path, capsys):
    (tmp_path / "store.sqlite3").write_bytes((GOLDEN / "store-schema-2.sqlite3").read_bytes())
    assert run([command, "--data", str(tmp_path)]) == 1
    told = " ".join("".join(capsys.readouterr()).split())
    assert "the store must be of this version" in told
    assert "start the installation once" in told
    assert "nothing to learn from" not in told
