"""What can be wrong with a machine is said once and clearly, and loses nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess

from machine import TAMESU, USER

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import TICK
from tamesu.engine import InlineEngine
from tamesu.watch import FolderLock


def tamesu(*words, prefix=(), **environment):
    return subprocess.run(
        [*prefix, *TAMESU, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )


def only_message(done):
    """The one message of a command that failed: an error, and a hint."""
    assert done.returncode == 1, done
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert lines[0].startswith("error: "), done.stderr
    assert sum(line.startswith("error: ") for line in lines) == 1, done.stderr
    assert any(line.startswith("hint: ") for line in lines), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_one_message(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = only_message(tamesu("serve", "--data", tmp_path / "data", "--port", port))
    assert str(port) in said
    assert "--port" in said


def test_a_data_folder_that_another_supervisor_has_is_one_message(tmp_path, free_port):
    """A second supervisor says whose folder it is before it starts anything."""
    data = tmp_path / "data"
    data.mkdir()
    lock = FolderLock.take(data)
    try:
        said = only_message(tamesu("serve", "--data", data, "--port", free_port()))
    finally:
        lock.close()
    assert str(data) in said
    assert str(os.getpid()) in said


def test_a_log_that_was_removed_under_its_store_is_one_message(tmp_path, free_port):
    """A store that has read further than the log goes must not learn from what is written there next."""
    data, clock = tmp_path / "data", ManualClock()
    with (
        contextlib.closing(SqliteEventLog(data / "log", clock)) as log,
        contextlib.closing(SqlStore(data / "store.sqlite3")) as store,
    ):
        log.append([TICK] * 7)
        InlineEngine(log, store, ParquetArchive(data / "archive"), clock).catch_up()
    shutil.rmtree(data / "log")
    said = only_message(tamesu("serve", "--data", data, "--port", free_port()))
    assert "up to offset 7, and the log ends at 0" in said
    assert "bring the log's folder back" in said


def test_a_read_only_data_folder_is_one_message(tmp_path, free_port):
    folder = tmp_path / "data"
    folder.mkdir()
    script = f'mount -t tmpfs -o ro tmpfs {folder} && exec "$@"'
    prefix = ["unshare", "--mount", *USER, "sh", "-c", script, "sh"]
    said = only_message(tamesu("serve", "--data", folder, "--port", free_port(), prefix=prefix))
    assert str(folder) in said


def test_a_missing_data_set_without_a_network_is_one_message(tmp_path):
    done = tamesu(
        "demo",
        "--seconds",
        "10",
        prefix=["unshare", "--net", *USER],
        XDG_CACHE_HOME=str(tmp_path),
        TAMESU_OPEN_BANDIT=str(tmp_path / "nothing"),
    )
    said = only_message(done)
    assert "network" in said
    assert "tamesu data open-bandit" in said


def test_an_old_sqlite_is_one_message(tmp_path, free_port):
    """The system's own SQLite, which is older than the one without the bug, in the driver's place."""
    driver = tmp_path / "pysqlite3"
    driver.mkdir()
    (driver / "__init__.py").write_text("from sqlite3 import *\n")
    (driver / "dbapi2.py").write_text(
        "from sqlite3.dbapi2 import *\nsqlite_version = '3.40.1'\nsqlite_version_info = (3, 40, 1)\n"
    )
    done = tamesu(
        "serve", "--data", tmp_path / "data", "--port", free_port(), PYTHONPATH=str(tmp_path)
    )
    assert done.returncode == 3, done
    assert done.stderr.count("error: ") == 1
    assert "3.51.3" in done.stderr
    assert "3.40.1" in done.stderr
