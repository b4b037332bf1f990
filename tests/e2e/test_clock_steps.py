"""A machine's clock steps back by an hour, and later is put right."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise

import pytest
from callers import calling
from machine import Machine
from promises import check, everything_final
from wall_clock import WallClock

from tamesu.client import Client
from tamesu.wiring import Settings, open_log

BANDIT = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 1,
}


@pytest.mark.timeout(180)
def test_a_clock_that_steps_back_closes_nothing_and_its_servers_say_so(tmp_path, free_port, until):
    """`received` holds; decisions that bear the wrong time are set aside, and all else goes on after."""
    clock = WallClock(tmp_path / "clock")
    environment = clock.environment
    machine = Machine(tmp_path / "data", free_port(), until, workers=2, environment=environment)
    with machine, Client(machine.url, timeout=60) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", 2) as callers:
            callers.go_on(30, until)
            clock.shift(-3_600)
            until(lambda: not client.ready())
            callers.go_on(20, until)
            assert client.conservation("front")["difference"] == 0
            clock.shift(0)
            until(client.ready)
            callers.go_on(30, until)
        everything_final(client, "front", callers.told, until)
        assert client.conservation("front")["decisions"]["poison"] > 0
        assert set(machine.roles()) == {"server-0", "server-1", "trainer"}
        assert "role ended" not in machine.messages()
        assert machine.end() == 0
    check(machine.data, "front", callers.told)
    with closing(open_log(Settings(data=str(machine.data)))) as log:
        received = [entry.received for entry in log.read(0, 0, 1 << 30)]
    assert all(one <= next_one for one, next_one in pairwise(received))
    assert received[-1] - received[0] < 180_000
