"""What one process writes on the board every other reads, and nobody waits for who does not beat."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tamesu.watch import BOARD_VARIABLE, Board, Seat
from tamesu.watch.board import FRESH_NS


@pytest.fixture
def board():
    made = Board.make(3)
    yield made
    made.close()


def test_a_new_board_has_nobody_on_it(board):
    assert [board.beaten(seat) for seat in range(3)] == [None] * 3
    assert [board.held(seat) for seat in range(3)] == [None] * 3
    assert not any(board.is_ready(seat) for seat in range(3))


def test_a_child_writes_on_its_own_seat_and_the_parent_reads(board):
    script = (
        "from tamesu.watch import Seat\n"
        "seat = Seat.take(); seat.beat(); seat.hold(7); seat.say_ready(ready=True)"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, BOARD_VARIABLE: f"{board.descriptor}:1:3"},
        pass_fds=[board.descriptor],
        check=True,
    )
    assert board.beaten(1)
    assert (board.held(1), board.is_ready(1)) == (7, True)
    assert (board.beaten(0), board.held(2)) == (None, None)


def test_a_cleared_seat_is_as_new(board):
    board.beat(0)
    board.hold(0, 4)
    board.say_ready(0, ready=True)
    board.clear(0)
    assert (board.beaten(0), board.held(0), board.is_ready(0)) == (None, None, False)


def test_the_fullest_is_who_holds_more_than_a_living_sibling(board):
    mine = Seat(board, 0)
    assert not mine.is_fullest(5), "nobody else is there"
    board.hold(1, 3)
    assert not mine.is_fullest(5), "who has not beaten yet takes nobody in"
    board.beat(1)
    assert mine.is_fullest(4)
    assert not mine.is_fullest(3)


def test_nobody_stands_back_for_who_stands_still_or_left(board, monkeypatch):
    mine, other = Seat(board, 0), Seat(board, 1)
    other.beat()
    other.hold(0)
    assert mine.is_fullest(1)
    other.leave()
    other.hold(2)
    assert not mine.is_fullest(10)
    board.hold(1, 0)
    now = board.beaten(1)
    monkeypatch.setattr("time.monotonic_ns", lambda: now + FRESH_NS + 1)
    assert not mine.is_fullest(10)


def test_a_role_without_a_supervisor_sits_alone(monkeypatch):
    monkeypatch.delenv(BOARD_VARIABLE, raising=False)
    seat = Seat.take()
    seat.beat()
    seat.hold(1)
    assert not seat.is_fullest(1_000)
