"""Duties have their turns one by one; one that fails keeps nobody from anything."""

from __future__ import annotations

import pytest

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import Bug, Conflict, Corrupt, Time, Unavailable
from tamesu.engine.duty import Slice, Turn
from tamesu.engine.upkeep import Upkeep
from tamesu.ports import Lease


class Duty:
    """Does what it is told, slice by slice, then nothing."""

    def __init__(self, name, every_us, done, *told):
        self.name, self.every_us = name, every_us
        self._done, self._told = done, list(told)

    def slice(self, turn):
        del turn
        self._done.append(self.name)
        what = self._told.pop(0) if self._told else Slice()
        if isinstance(what, Exception):
            raise what
        return what


def turn(now):
    return Turn(lease=Lease("t", 1, Time(0)), now=Time(now), watermark=None, read=(), low=())


def tended(upkeep, now):
    """As many slices as there are at one moment."""
    n = 0
    while upkeep.tend(turn(now)):
        n += 1
    return n


def test_each_has_its_turn_and_rests():
    done = []
    upkeep = Upkeep([Duty("a", 10, done), Duty("b", 25, done)])
    for now in range(0, 60, 5):
        tended(upkeep, now)
    assert done == ["a", "b", "a", "a", "b", "a", "a", "b", "a"]


def test_who_has_more_to_do_goes_on_after_the_others():
    done = []
    more = Slice(more=True)
    upkeep = Upkeep([Duty("a", 10, done, more, more), Duty("b", 10, done, more)])
    assert tended(upkeep, 0) == 5
    assert done == ["a", "b", "a", "b", "a"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("down"), "unavailable"),
        (Corrupt("torn"), "corrupt"),
        (Bug("wrong"), "bug"),
        (KeyError("a mistake"), "bug"),
    ],
)
def test_one_that_fails_is_counted_put_off_and_tried_again(error, code):
    done, meter = [], MemoryMeter()
    fails = Duty("a", 10, done, error, error)
    upkeep = Upkeep([fails, Duty("b", 10, done)], meter)
    for now in (0, 5, 10, 20):
        tended(upkeep, now)
    assert done == ["a", "b"] * 3
    assert meter.value("upkeep_failures_total", duty="a", code=code) == 2


def test_a_lost_lease_is_the_trainers_affair():
    upkeep = Upkeep([Duty("a", 10, [], Conflict("stale"))])
    with pytest.raises(Conflict):
        upkeep.tend(turn(0))


def test_what_they_count_is_measured():
    meter = MemoryMeter()
    slices = [Slice(more=True, counts={"archived_total": 3}), Slice(counts={"archived_total": 4})]
    tended(Upkeep([Duty("a", 10, [], *slices)], meter), 0)
    assert meter.value("archived_total") == 7


def test_a_clock_that_is_set_back_makes_nobody_wait():
    done = []
    upkeep = Upkeep([Duty("a", 10, done)])
    for now in (1_000, 3, 8, 13):
        tended(upkeep, now)
    assert done == ["a", "a", "a"]


def test_without_duties_there_is_nothing_to_do():
    assert not Upkeep([]).tend(turn(0))
