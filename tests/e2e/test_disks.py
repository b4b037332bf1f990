"""Disks that fill and empty, turn read-only, or are given up by the kernel: what was acknowledged stays,
what was not is refused, and all goes on by itself when the cause goes, or after a check of the disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import httpx2
import pytest
from callers import calling
from disk import Disk, FailingDisk
from machine import Machine
from promises import check, everything_final

from tamesu.base import TICK, Unavailable
from tamesu.client import Client
from tamesu.wiring import Settings, open_log, open_store

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


def asked_to_come_back(url):
    """Whether whoever decides is refused with 503 and told when to try again."""
    answer = httpx2.post(f"{url}/v1/bandits/small/decisions", json={}, timeout=10)
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


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


@pytest.mark.timeout(180)
def test_a_kernel_that_gives_up_a_disk_under_open_files_loses_nothing(tmp_path, free_port, until):
    """All refuse, say why and live on; after a check of the disk and a start, all goes on.

    Nobody waits for an answer in the moment of the failure: a sync that is under way then, the kernel
    may call well and lose, as a plain write and `fdatasync` show.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    with FailingDisk(folder, tmp_path / "image", 64 << 20) as disk:
        machine = Machine(folder / "data", free_port(), until, workers=2, prefix=disk.enter)
        with machine, Client(machine.url, timeout=60) as client:
            client.create(BANDIT)
            with calling(machine.url, "small", 2) as callers:
                callers.go_on(30, until)
            told = callers.told
            everything_final(client, "small", told, until)
            before = machine.roles()
            disk.fail()
            with calling(machine.url, "small", 2, first=2) as callers:
                until(lambda: refused(machine.url, "ead-only"))
                until(lambda: not client.ready())
                assert asked_to_come_back(machine.url)
                assert machine.roles() == before, "a role died of the disk"
                machine.kill_role("server-0")
                until(lambda: "data' must be writable" in machine.messages())
                assert machine.end() == 0
                disk.mend()
                machine.start()
                callers.go_on(30, until)
            told = told.with_more(callers.told)
            until(client.ready)
            everything_final(client, "small", told, until)
            assert machine.end() == 0
        check(disk.copy(folder / "data", tmp_path / "copy"), "small", told)


def test_a_backup_for_which_there_is_no_room_blames_the_disk_and_leaves_nothing(tmp_path):
    """Neither the store that is copied is called unusable, nor the backup that is restored."""
    data, folder = str(tmp_path / "data"), tmp_path / "disk"
    folder.mkdir()
    settings = Settings(data=data)
    log, store = open_log(settings), open_store(settings)
    log.append([TICK])
    for opened in (log, store):
        opened.close()

    def told(disk, *words):
        command = [*disk.enter, sys.executable, "-m", "tamesu", *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    whole = tmp_path / "whole"
    with Disk(folder, "8m") as disk:
        assert told(disk, "backup", str(whole), "--data", data).returncode == 0
        disk.fill()
        for words in (
            ["backup", str(folder / "backup"), "--data", data],
            ["restore", str(whole), "--data", str(folder / "restored")],
        ):
            refused = told(disk, *words)
            assert refused.returncode == 1
            assert "cannot be written: No space left" in refused.stderr
            assert {path.name for path in disk.seen(folder).iterdir()} == {"ballast"}
        disk.empty()
        assert told(disk, *words).returncode == 0
