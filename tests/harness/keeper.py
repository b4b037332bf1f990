"""A keeper of arms: adds, retires and revives them for as long as it is let, and remembers which are active.

Refuses to check anything that it is not told by its own calls.
"""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager

from callers import PATIENCE_S

from tamesu.client import Client

FEWEST, MOST = 3, 8
"""Active arms: a slate of two always finds some, and several come and go."""


class Keeper(threading.Thread):
    """The only one who changes the arms of a bandit, one change after another.

    Attributes:
        active: the arms that are, as far as it was told.
        done: changes by what they did.
    """

    def __init__(self, url, bandit, active, stop):
        super().__init__(name="keeper")
        self._url, self._bandit, self._stop_asked = url, bandit, stop
        self._draw = random.Random(7)
        self.active, self._retired = set(active), set()
        self.done = {"add": 0, "retire": 0, "revive": 0}
        self.failed = None

    def run(self):
        try:
            with Client(self._url, timeout=PATIENCE_S) as client:
                while not self._stop_asked.wait(0.2):
                    self._change(client)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
            self.failed = error

    def _change(self, client):
        """What changes is remembered after the answer: nobody else changes anything."""
        if len(self.active) > FEWEST and (len(self.active) == MOST or self._draw.random() < 0.5):
            arm, does = self._draw.choice(sorted(self.active)), "retire"
            said = client.retire_arm(self._bandit, arm)
            self.active, self._retired = self.active - {arm}, self._retired | {arm}
        else:
            is_new = not self._retired or self._draw.random() < 0.5
            arm, does = f"new-{self.done['add']}", "add"
            if not is_new:
                arm, does = self._draw.choice(sorted(self._retired)), "revive"
            said = client.add_arm(self._bandit, arm)
            self.active, self._retired = self.active | {arm}, self._retired - {arm}
        assert said["status"] == "applied", said
        self.done[does] += 1
        listed = client.arms(self._bandit)["arms"]
        assert {each["arm"] for each in listed if each["status"] == "active"} == self.active


@contextmanager
def keeping(url, bandit, active):
    """A keeper at work; it has ended well when this has."""
    stop = threading.Event()
    keeper = Keeper(url, bandit, active, stop)
    keeper.start()
    try:
        yield keeper
    finally:
        stop.set()
        keeper.join()
    if keeper.failed is not None:
        raise AssertionError("the keeper of arms failed") from keeper.failed
