"""A disk that fills and empties, and one that turns read-only: what was acknowledged stays, what was
not is refused, and all goes on by itself when the cause goes.
"""

from __future__ import annotations

import os
import signal

import pytest
from callers import calling
from disk import Disk
from machine import Machine
from promises import check, everything_final

from tamesu.base import Unavailable
from tamesu.client import Client

BANDIT = {
    "name": "small",
    "arms": ["a", "b"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 5,
}


def refused(url, reason):
    """Whether a decision is refused for that reason, and what to do is said."""
    with Client(url, timeout=2) as hasty:
        try:
            hasty.decide("small")
        except Unavailable as error:
            return reason in str(error) and bool(error.hint)
    return False


@pytest.mark.timeout(180)
def test_a_disk_that_fills_and_empties_loses_nothing(tmp_path, free_port, until):
    """Log, store, cache and archive lie on it. Callers try on through it all, and are answered."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with Disk(folder, "24m") as disk:
        machine = Machine(folder / "data", free_port(), until, workers=2, prefix=disk.enter)
        with machine, Client(machine.url, timeout=60) as client:
            client.create(BANDIT)
            with calling(machine.url, "small", 2) as callers:
                for _ in range(2):
                    callers.go_on(30, until)
                    disk.fill()
                    until(lambda: refused(machine.url, "full"))
                    disk.empty()
                callers.go_on(30, until)
            everything_final(client, "small", callers.told, until)
            assert machine.end() == 0
        check(disk.copy(folder / "data", tmp_path / "copy"), "small", callers.told)


@pytest.mark.timeout(180)
def test_a_log_that_turns_read_only_refuses_and_goes_on(tmp_path, free_port, until):
    """A server on it says why it refuses, and is not ready; once it may write it does, unasked."""
    data = tmp_path / "data"
    (data / "log").mkdir(parents=True)
    with Disk(data / "log", "24m") as disk:
        machine = Machine(data, free_port(), until, workers=2, prefix=disk.enter)
        with machine, Client(machine.url, timeout=60) as client:
            client.create(BANDIT)
            with calling(machine.url, "small", 2) as callers:
                callers.go_on(30, until)
                make_read_only(machine, disk, until)
                until(lambda: refused(machine.url, "ead-only"))
                until(lambda: not client.ready())
                assert disk.remount("rw")
                callers.go_on(30, until)
            until(client.ready)
            everything_final(client, "small", callers.told, until)
            assert machine.end() == 0
        check(disk.copy(data, tmp_path / "copy"), "small", callers.told)


def make_read_only(machine, disk, until):
    """In a moment in which no role has a file open; a kernel that gives up a disk need not wait."""
    os.kill(machine.pid, signal.SIGSTOP)
    try:
        for pid in machine.roles().values():
            os.kill(pid, signal.SIGKILL)
        until(lambda: disk.remount("ro"))
    finally:
        os.kill(machine.pid, signal.SIGCONT)
