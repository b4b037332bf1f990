"""Whoever only looks at an older installation leaves it as it is: the way back stays open."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tamesu.adapters import sqlite
from tamesu.cli.entry import run

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_an_older_store_is_not_brought_up_to_date_by_a_look(command, tmp_path, capsys):
    path = tmp_path / "data" / "store.sqlite3"
    path.parent.mkdir()
    path.write_bytes((GOLDEN / "store-schema-1.sqlite3").read_bytes())
    run([command, "--data", str(path.parent)])
    with contextlib.closing(sqlite.connect(path)) as connection:
        assert connection.execute("SELECT number FROM schema").fetchall() == [(1,)]
    assert "newer schema" not in capsys.readouterr().out
