"""The gate: one is inside, who waits goes before who comes again, and the dead are no obstacle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.gate import GATE, TURN, Gate
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import Draft, Unavailable

DRAFTS = [Draft("key", "event", b"{}")]
HOLD = """
import sys
from pathlib import Path
from tamesu.adapters.eventlog.gate import Gate
gate = Gate(Path(sys.argv[1]), 10)
gate.take()
print("inside", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def gates(tmp_path):
    """Gates of one folder, as processes have them; closed at the end."""
    made = []

    def make(patience_s=60.0):
        made.append(Gate(tmp_path, patience_s))
        return made[-1]

    yield make
    for gate in made:
        gate.close()


@contextlib.contextmanager
def holder(folder):
    """Another process that is inside and stays there."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLD, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == b"inside\n"
        try:
            yield process
        finally:
            process.kill()


def test_it_says_whether_somebody_else_was_inside(gates):
    mine, other = gates(), gates()
    told = []
    for gate in (mine, mine, other, other, mine, mine):
        told.append(gate.take())
        gate.give()
    assert told == [False, True, False, True, False, True]


def test_who_waits_goes_before_who_comes_again(gates):
    """Without the turn, whoever comes out is back inside before another has woken."""
    here, there = gates(), gates()
    order = []
    here.take()

    def wait():
        there.take()
        order.append("there")
        there.give()

    for _ in range(20):
        thread = threading.Thread(target=wait)
        thread.start()
        while not here._page[32]:
            threading.Event().wait(0.001)
        here.give()
        here.take()
        order.append("here")
        thread.join()
    here.give()
    assert order == ["there", "here"] * 20


def test_a_process_that_hangs_inside_is_named_and_appends_go_on_after_it(tmp_path, until):
    with (
        holder(tmp_path / "log") as process,
        contextlib.closing(SqliteEventLog(tmp_path / "log", ManualClock(), patience_s=0.05)) as log,
    ):
        process.send_signal(signal.SIGSTOP)
        before = set(threading.enumerate())
        for _ in range(3):
            with pytest.raises(Unavailable, match=f"process {process.pid} held it") as refusal:
                log.append(DRAFTS)
            assert refusal.value.facts["pid"] == str(process.pid)
            assert f"hint: see whether process {process.pid} hangs" in str(refusal.value)
        assert log.end(0) == 0
        assert len(set(threading.enumerate()) - before) == 1, "one alone stands in line"
        process.kill()
        receipts = until(lambda: log.append(DRAFTS))
        assert receipts[0].offset == 0


def test_who_gave_up_waiting_keeps_nobody_out_later(gates, tmp_path):
    impatient, patient = gates(patience_s=0.02), gates()
    with holder(tmp_path) as process:
        for _ in range(3):
            with pytest.raises(Unavailable):
                impatient.take()
        process.kill()
        process.wait()
        patient.take()
        patient.give()
        impatient.close()
        patient.take()
        patient.give()


def test_a_waiter_that_was_killed_keeps_nobody_waiting(gates, tmp_path, until):
    gate = gates()
    gate.take()
    code = HOLD.replace("gate.take()", 'print("waits", flush=True)\ngate.take()')
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"waits\n"
        until(lambda: gate._page[32])
        process.kill()
    assert gate._page[32], "its mark outlived it"
    gate.give()
    for _ in range(2):
        gate.take()
        gate.give()
    assert not gate._page[32]


def test_a_log_whose_gate_was_removed_goes_on(tmp_path):
    """Two gates for a while: SQLite's own lock keeps the entries right, and no offset comes twice."""
    with (
        contextlib.closing(SqliteEventLog(tmp_path, ManualClock())) as one,
        contextlib.closing(SqliteEventLog(tmp_path, ManualClock())) as other,
    ):
        one.append(DRAFTS)
        (tmp_path / GATE).unlink()
        (tmp_path / TURN).unlink()
        other.append(DRAFTS)
        with contextlib.suppress(Unavailable):
            one.append(DRAFTS)
        one.append(DRAFTS)
        assert [entry.offset for entry in one.read(0, 0, 10)] == list(range(one.end(0)))
        assert one.end(0) in {3, 4}


def test_the_gates_files_are_made_once_and_stay_small(gates, tmp_path):
    gates().take()
    gates()
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {GATE: 64, TURN: 64}


def waits(folder, pid):
    """Whether that process has the turn and says so."""
    page = (folder / GATE).read_bytes()
    return page[32] == 1 and str(pid).encode() in page[33:43]


def test_a_process_that_hangs_while_it_is_next_is_named(gates, tmp_path, until):
    """Nobody is inside then, and who was there last is well."""
    mine, other = gates(), gates(0.5)
    mine.take()
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hanging:
        until(lambda: waits(tmp_path, hanging.pid))
        hanging.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, hanging.pid, os.WSTOPPED)
        mine.give()
        try:
            with pytest.raises(Unavailable) as told:
                other.take()
        finally:
            hanging.kill()
        assert str(hanging.pid) in told.value.hint
    other.take()
    other.give()
