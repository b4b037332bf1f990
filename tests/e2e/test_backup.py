"""Backup of a system at work, restored elsewhere: what was acknowledged is there, and adds up."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from tamesu.base import TICK
from tamesu.cli.entry import run
from tamesu.client import Client
from tamesu.wiring import Settings, open_log

BANDIT = {
    "name": "shop",
    "arms": ["a", "b", "c"],
    "reward": {"window": "200ms", "lateness": "100ms"},
}


@pytest.fixture
def loaded(tmp_path, free_port):
    """A system under load: its folder, and how many decisions were answered so far."""
    data = tmp_path / "data"
    with (tmp_path / "messages").open("w") as messages:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tamesu", "serve", "--json"),
                *("--data", str(data), "--port", str(free_port())),
            ],
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
    impatient = threading.Timer(90, process.kill)
    impatient.start()
    answered: list[str] = []
    stop = threading.Event()
    try:
        url = json.loads(process.stdout.readline())["url"]
        with Client(url) as client:
            client.create(BANDIT)

        def load():
            with Client(url) as client:
                while not stop.is_set():
                    decision = client.decide("shop")
                    client.track(decision, "impression")
                    answered.append(decision.decision_id)

        callers = [threading.Thread(target=load) for _ in range(2)]
        for caller in callers:
            caller.start()
        yield data, answered
        stop.set()
        for caller in callers:
            caller.join(30)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        stop.set()
        impatient.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def keys(data):
    log = open_log(Settings(data=str(data)))
    try:
        return {entry.key for entry in log.read(0, 0, 10_000_000)}
    finally:
        log.close()


def test_a_backup_under_load_is_restored_with_all_that_was_acknowledged(
    loaded, tmp_path, until, capsys
):
    data, answered = loaded
    until(lambda: len(answered) > 100)
    for number in range(3):
        before = set(answered)
        folder, place = tmp_path / f"backup-{number}", tmp_path / f"restored-{number}"
        assert run(["backup", str(folder), "--data", str(data)]) == 0
        assert run(["restore", str(folder), "--data", str(place)]) == 0
        assert before <= keys(place)
        assert run(["reconcile", "--data", str(place)]) == 0
        more = len(before)
        until(lambda more=more: len(answered) > more)  # nobody was stopped by it
    assert run(["backup", str(folder), "--data", str(data)]) == 1
    assert "not there yet" in capsys.readouterr().err


def test_one_that_was_killed_leaves_nothing_that_can_be_taken_for_it(loaded, tmp_path, until):
    data, answered = loaded
    until(lambda: len(answered) > 100)
    folder = tmp_path / "backup"
    command = [sys.executable, "-m", "tamesu", "backup", str(folder), "--data", str(data)]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (tmp_path / ".backup.new").exists() or killed.poll() is not None)
    killed.kill()
    killed.wait()
    if not folder.exists():  # else it was faster
        assert run(["restore", str(folder), "--data", str(tmp_path / "restored")]) == 1
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert run(["restore", str(folder), "--data", str(tmp_path / "restored")]) == 0


@pytest.mark.parametrize("hurt", ["store.sqlite3", "log", "backup.json", "none"])
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(tmp_path, hurt, capsys):
    data, folder, place = (tmp_path / name for name in ("data", "backup", "restored"))
    assert run(["backup", str(folder), "--data", str(data)]) == 1
    assert "must hold a store" in capsys.readouterr().err
    from tamesu.wiring import open_store  # noqa: PLC0415 - as a server opens it

    open_store(Settings(data=str(data))).close()
    log = open_log(Settings(data=str(data)))
    log.append([TICK])
    log.close()
    (data / "keys.json").write_text("{}")
    (data / "keys.json").chmod(0o600)
    assert run(["backup", str(folder), "--data", str(data)]) == 0
    assert not (folder / "supervisor.json").exists()
    assert (folder / "keys.json").stat().st_mode & 0o777 == 0o600
    if hurt == "log":
        shutil.rmtree(folder / "log")
    elif hurt == "store.sqlite3":
        with (folder / hurt).open("r+b") as file:
            file.seek(200)
            file.write(b"x")
    elif hurt == "backup.json":
        (folder / hurt).write_text('{"v": 1}')
    code = run(["restore", str(folder), "--data", str(place)])
    assert code == (0 if hurt == "none" else 1)
    assert place.exists() == (hurt == "none")
    assert not list(tmp_path.glob(".*.new"))
