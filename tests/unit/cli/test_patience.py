"""Signals are put off, never lost."""

from __future__ import annotations

import gc
import signal
import sys
import weakref

import pytest

from tamesu.cli.patience import SIGNALS, Interrupts, uninterrupted


@pytest.fixture
def interrupts():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    made = Interrupts()
    made.listen()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


class Knot:
    def __init__(self):
        self.itself = self


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_what_runs(interrupts, number):
    interrupts.check()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_within_a_garbage_collection_is_raised_by_whoever_asks(
    interrupts, number, monkeypatch
):
    """There Python prints the exception and goes on: the demo had gone on with it."""
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: lost.append(told.exc_type))
    knot = Knot()
    reference = weakref.ref(knot, lambda _: signal.raise_signal(number))
    del knot
    gc.collect()
    assert (reference(), lost) == (None, [KeyboardInterrupt])
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


def test_what_comes_while_nobody_may_be_interrupted_is_raised_afterwards(interrupts):
    done = []

    def patiently():
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        patiently()
    assert done
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
