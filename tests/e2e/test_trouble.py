"""What can be wrong with a machine is said once and clearly, and loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from tamesu.base import Unavailable
from tamesu.client import Client
from tamesu.watch import FolderLock

TAMESU = [sys.executable, "-m", "tamesu"]
USER = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


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


@pytest.mark.timeout(180)
def test_a_disk_that_fills_and_empties_loses_nothing(tmp_path, free_port, until):
    """What was acknowledged before, during and after is in the log; refusals are 503 with a hint."""
    data = tmp_path / "disk"
    data.mkdir()
    with (
        served_from_small_disk(data, free_port(), until) as (url, inside),
        Client(url, timeout=20) as client,
    ):
        client.create({"name": "small", "arms": ["a", "b"], "reward": {"window": "1s"}})
        told = [decision.decision_id for decision in client.decide_many("small", 200)]
        inside.run(FILL)
        refused = None
        with Client(url, timeout=1.5) as hasty:
            while refused is None:
                try:
                    told += [decision.decision_id for decision in hasty.decide_many("small", 200)]
                except Unavailable as error:
                    refused = error
        assert "full" in str(refused) or "space" in str(refused)
        assert refused.hint
        inside.run(EMPTY)
        told += [decision.decision_id for decision in client.decide_many("small", 200)]
        until_final(client, len(told), until)
        kept = set(json.loads(inside.run(KEYS)))
    assert set(told) <= kept
    assert len(set(told)) == len(told)


@contextlib.contextmanager
def served_from_small_disk(folder, port, until):
    """A server and a trainer whose data lies on a disk of 8 MB; its address, and the way inside."""
    script = f'mount -t tmpfs -o size=8m tmpfs {folder} && exec "$@"'
    command = [
        *["unshare", "--mount", *USER, "sh", "-c", script, "sh"],
        *[*TAMESU, "serve", "--data", f"{folder}/data", "--port", str(port), "--json"],
    ]
    with (folder.parent / "roles.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            with Client(f"http://127.0.0.1:{port}", timeout=30) as client:
                until(client.ready)
            yield f"http://127.0.0.1:{port}", Inside(process.pid, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


class Inside:
    """The file system as the served process sees it: scripts run there, beside it."""

    def __init__(self, pid, folder):
        self._enter = ["nsenter", "--target", str(pid), "--mount"]
        if USER:
            self._enter += ["--user", "--preserve-credentials"]
        self._folder = folder

    def run(self, script):
        command = [*self._enter, sys.executable, "-c", script, str(self._folder)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


FILL = """
import contextlib, pathlib, sys
with contextlib.suppress(OSError), open(sys.argv[1] + "/filler", "wb", buffering=0) as file:
    while True:
        file.write(bytes(1 << 16))
"""

EMPTY = "import os, sys; os.unlink(sys.argv[1] + '/filler')"

KEYS = """
import json, pathlib, sys
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
log = SqliteEventLog(pathlib.Path(sys.argv[1], "data", "log"), clock=SystemClock())
print(json.dumps([entry.key for entry in log.read(0, 0, 1 << 30) if entry.kind == "decision"]))
"""


def until_final(client, least, until):
    def final():
        counts = client.conservation("small")
        assert counts["difference"] == 0
        return counts["deliveries"]["open"] == 0 and counts["decisions"]["accepted"] >= least

    until(final)
