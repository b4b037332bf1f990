"""A role that hangs is replaced like one that died; one that is only slow, or was never heard, is not."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tamesu.watch import Board, Life, Role, Supervisor

BEATS = """
import faulthandler, signal, sys, time
from pathlib import Path
from tamesu.watch import Seat, hold_lifeline
faulthandler.register(signal.SIGUSR1, all_threads=True)
hold_lifeline()
seat, hangs = Seat.take(), Path(sys.argv[1])

def stand_still():
    while True:
        pass

while True:
    seat.beat()
    if hangs.exists():
        hangs.unlink()
        stand_still()
    time.sleep(0.02)
"""


@pytest.fixture
def hangs(tmp_path):
    """Where a role looks whether it is to hang."""
    return tmp_path / "hang"


@pytest.fixture
def watched(tmp_path, hangs):
    """A supervisor over one role that beats, that role's life, and what is told of its ends."""
    ends, lives = [], []
    with (tmp_path / "said").open("wb") as said:
        role = Role("one", [sys.executable, "-c", BEATS, str(hangs)], patience_s=0.5)
        supervisor = Supervisor(
            [role],
            output=said.fileno(),
            on_end=lambda role, reason: ends.append((role, reason)),
            on_change=lambda told: lives.__setitem__(slice(None), told),
        )
        supervisor.start()
        yield supervisor, lives[0], ends
        supervisor.stop()


def beating(life, besides=None):
    """The process id of a role that has beaten."""
    return life.pid != besides and life.beat_age_s is not None and life.pid


def test_a_stopped_process_is_replaced(watched, until):
    supervisor, life, ends = watched
    first = until(lambda: beating(life))
    os.kill(first, signal.SIGSTOP)
    until(lambda: beating(life, besides=first))
    assert ends == [("one", "hung")]
    assert supervisor.restarts == {"one": 1}


def test_an_endless_loop_is_replaced_and_says_where_it_was(watched, hangs, until):
    _, life, ends = watched
    first = until(lambda: beating(life))
    hangs.touch()
    until(lambda: beating(life, besides=first))
    assert ends == [("one", "hung")]
    assert "in stand_still" in hangs.with_name("said").read_text()


def test_a_death_is_told_as_one(watched, until):
    _, life, ends = watched
    first = until(lambda: beating(life))
    os.kill(first, signal.SIGKILL)
    until(lambda: beating(life, besides=first))
    assert ends == [("one", "died")]


@pytest.fixture
def life():
    board = Board.make(1)
    made = Life(Role("one", ["sleep", "1000"], patience_s=2.0), board, 0)
    made.start(dict(os.environ), (), None)
    yield made, board
    made.kill_hanging()
    board.close()


def test_silence_is_what_was_listened_to(life):
    """Not what a clock says: who slept through an hour with everybody else has heard nothing."""
    one, board = life
    board.beat(0)
    assert one.listen(3600.0), "a beat was heard"
    assert one.listen(1.0)
    assert one.listen(1.0)
    assert not one.listen(0.1)
    board.beat(0)
    assert one.listen(0.1)


def test_a_start_has_a_patience_of_its_own(life, monkeypatch):
    one, board = life
    assert one.listen(10.0), "longer than its patience, and it may still be importing"
    monkeypatch.setattr("tamesu.watch.life.FIRST_BEAT_S", 15.0)
    assert not one.listen(10.0)
    board.beat(0)
    assert one.listen(0.1)


def test_who_does_not_beat_cannot_hang():
    board = Board.make(1)
    one = Life(Role("one", ["sleep", "1000"]), board, 0)
    one.start(dict(os.environ), (), None)
    assert one.listen(1e9)
    one.kill_hanging()
    board.close()


def test_a_quick_end_rests_and_a_good_life_starts_anew(life, monkeypatch):
    one, board = life
    rests = []
    for _ in range(8):
        one.kill_hanging()
        one.mourn("died")
        rests.append(one.rests_s)
        one.start(dict(os.environ), (), None)
    assert rests[0] == 0.0, "at once"
    assert rests[1] < rests[2] < rests[3] < rests[4]
    assert 4.0 < rests[-1] <= 5.0
    board.beat(0)
    one.listen(0.1)
    monkeypatch.setattr("tamesu.watch.life.QUICK_S", 0.0)
    one.kill_hanging()
    one.mourn("died")
    assert one.rests_s == 0.0, "it had worked"
