"""The supervisor never lets a role stay dead, and leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tamesu.watch import Role, Supervisor

LIVES = "from tamesu.watch import hold_lifeline; hold_lifeline(); import signal; signal.pause()"
DIES = "raise SystemExit(7)"


def role(name, script):
    return Role(name, [sys.executable, "-c", script])


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def watched():
    made = []

    def watch(*roles, **options):
        supervisor = Supervisor(roles, **options)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield watch
    for supervisor in made:
        supervisor.stop()


def test_a_killed_role_is_started_again_and_counted(watched, until):
    supervisor = watched(role("one", LIVES), role("two", LIVES))
    first, other = supervisor.pid("one"), supervisor.pid("two")
    os.kill(first, signal.SIGKILL)
    second = until(lambda: supervisor.pid("one") not in {None, first} and supervisor.pid("one"))
    assert is_alive(second)
    assert supervisor.pid("two") == other
    assert supervisor.restarts == {"one": 1, "two": 0}


def test_a_role_that_dies_at_once_is_tried_again_with_rests_between(watched, until):
    supervisor = watched(role("weak", DIES), role("sound", LIVES))
    until(lambda: supervisor.restarts["weak"] >= 4)
    assert supervisor.restarts["weak"] < 30
    assert is_alive(supervisor.pid("sound"))


def test_a_role_that_cannot_even_be_started_again_does_not_end_the_watch(watched, tmp_path, until):
    command, ready = tmp_path / "command", tmp_path / "ready"
    script = f"#!/bin/sh\ntouch {ready}\nexec sleep 1000\n"
    command.write_text(script)
    command.chmod(0o755)
    supervisor = watched(Role("gone", [str(command)]), role("other", LIVES))
    until(ready.exists)
    command.unlink()
    os.kill(supervisor.pid("gone"), signal.SIGKILL)
    first = supervisor.pid("other")
    until(lambda: supervisor.pid("gone") is None)
    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.pid("other") not in {None, first})
    fresh = tmp_path / "fresh"
    fresh.write_text(script)
    fresh.chmod(0o755)
    fresh.rename(command)
    until(lambda: supervisor.pid("gone"))
    assert supervisor.restarts == {"gone": 1, "other": 1}


def test_stopping_leaves_nobody_and_may_be_asked_twice(watched):
    supervisor = watched(role("one", LIVES), role("two", LIVES))
    pids = [supervisor.pid("one"), supervisor.pid("two")]
    supervisor.stop()
    supervisor.stop()
    assert not any(map(is_alive, pids))
    assert supervisor.pid("one") is None


def test_roles_stop_in_their_order_each_before_the_next(watched, tmp_path, until):
    told = tmp_path / "told"
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(told)!r}, 'a').write(sys.argv[1])\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/ready-' + sys.argv[1], 'w')\n"
        "signal.pause()"
    )
    roles = [Role(name, [sys.executable, "-c", script, name]) for name in ("a", "b")]
    supervisor = watched(*roles)
    until(lambda: all((tmp_path / f"ready-{name}").exists() for name in ("a", "b")))
    supervisor.stop()
    assert told.read_text() == "ab"


def test_roles_end_when_their_supervisor_is_killed(until):
    script = (
        "import sys\n"
        "from tamesu.watch import Role, Supervisor\n"
        f"watch = Supervisor([Role('one', [sys.executable, '-c', {LIVES!r}])])\n"
        "watch.start()\n"
        "print(watch.pid('one'), flush=True)\n"
        "import signal; signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.kill()
    until(lambda: not is_alive(pid))


def test_a_second_holder_is_never_the_first(watched):
    script = "import os; print(os.environ['TAMESU_HOLDER'], flush=True)\n" + LIVES
    read, write = os.pipe()
    for _ in range(2):
        watched(role("one", script), output=write)
    os.close(write)
    with os.fdopen(read) as holders:
        assert holders.readline() != holders.readline()


def test_who_is_told_and_fails_does_not_end_the_watch(watched, until):
    def fail(*_):
        raise RuntimeError("no room to write that down")

    supervisor = watched(role("one", LIVES), on_end=fail)
    for _ in range(2):
        first = until(lambda: supervisor.pid("one"))
        os.kill(first, signal.SIGKILL)
        until(lambda first=first: supervisor.pid("one") not in {None, first})
