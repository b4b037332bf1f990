"""A log whose files are damaged is refused at the start, once and clearly; put right, it goes on.

Nothing is mended by guessing and nothing begins anew beside what was: until somebody brings the bytes
back, nothing is decided.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest
from callers import calling
from machine import TAMESU, Machine
from promises import check, everything_final

from tamesu.client import Client
from tamesu.watch.folder_lock import is_alive

BANDIT = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 1,
}


def turn_bits(segment):
    """Random bytes over a few pages in the middle, as from a controller that went mad."""
    content = bytearray(segment.read_bytes())
    content[8_192:16_384] = random.Random(1).randbytes(8_192)
    segment.write_bytes(content)


def tear(segment):
    """Only its first half is there, as from a copy that was broken off."""
    content = segment.read_bytes()
    segment.write_bytes(content[: len(content) // 2])


def empty(segment):
    segment.write_bytes(b"")


def lose(segment):
    segment.unlink()


def replace(segment):
    """Some other program's database has its name."""
    segment.unlink()
    with closing(sqlite3.connect(segment)) as other:
        other.execute("CREATE TABLE shopping (thing TEXT)")


def scribble(segment):
    segment.write_bytes(b"this was a log" * 1_000)


DAMAGES = {
    turn_bits: "restore it from a backup",
    tear: "restore it from a backup",
    empty: "restore it from a backup",
    replace: "restore it from a backup",
    scribble: "restore it from a backup",
    lose: "bring the log's folder back",
}


@pytest.fixture
def machine(tmp_path, free_port, until):
    return Machine(tmp_path / "data", free_port(), until, workers=2)


def segment_of(machine):
    (segment,) = (machine.data / "log").glob("*.sqlite3")
    return segment


def refused(machine, hint):
    """The installation does not start, and says what to do."""
    command = [*TAMESU, "serve", "--data", str(machine.data), "--port", str(machine.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done
    assert done.stderr.count("error: ") == 1, done.stderr
    assert f"hint: {hint}" in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr


def start_again(machine, told, until):
    """It goes on as if nothing had been; gives all that was told."""
    with machine, Client(machine.url, timeout=60) as client:
        with calling(machine.url, "front", 2, first=2) as callers:
            callers.go_on(30, until)
        told = told.with_more(callers.told)
        everything_final(client, "front", told, until)
        assert machine.end() == 0
    check(machine.data, "front", told)


def test_a_damaged_segment_is_refused_until_it_is_put_right(machine, tmp_path, until):
    with machine, Client(machine.url, timeout=60) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", 2) as callers:
            callers.go_on(60, until)
        everything_final(client, "front", callers.told, until)
    segment = segment_of(machine)
    whole = shutil.copy(segment, tmp_path / "backup")
    for damage, hint in DAMAGES.items():
        damage(segment)
        refused(machine, hint)
        shutil.copy(whole, segment)
    start_again(machine, callers.told, until)


def test_a_torn_wal_is_refused_until_it_is_put_right(machine, tmp_path, until):
    """Everything was killed, and of what SQLite had not copied yet the end is gone."""
    with machine, Client(machine.url, timeout=60) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", 2) as callers:
            callers.go_on(60, until)
        everything_final(client, "front", callers.told, until)
        kill_all(machine, until)
    segment = segment_of(machine)
    wal = segment.with_name(f"{segment.name}-wal")
    backup = shutil.copytree(machine.data / "log", tmp_path / "backup")
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size // 2])
    refused(machine, "bring the log's folder back")
    shutil.rmtree(machine.data / "log")
    shutil.copytree(backup, machine.data / "log")
    start_again(machine, callers.told, until)


def kill_all(machine, until):
    """All processes at once, as by a power cut."""
    os.kill(machine.pid, signal.SIGSTOP)
    pids = machine.roles().values()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    machine.kill()
    until(lambda: not any(map(is_alive, pids)))
