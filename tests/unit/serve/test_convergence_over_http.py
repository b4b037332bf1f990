"""How fast a ranking moves, over HTTP: which snapshots are looked at, and what is said where they lack."""

import numpy as np
import pytest

from tamesu.adapters.clock.system import SystemClock
from tamesu.base import GRID, Declaration, Snapshot, Time
from tamesu.base.times import HOUR_US, MINUTE_US, SECOND_US
from tamesu.policy import Batch, compose
from tamesu.ports import Commit

PATH = "/v1/bandits/colours/convergence"


@pytest.fixture
def keep(server, declaration):
    """Commits a snapshot for each (version, age, arms that were rewarded), the oldest first."""
    policy = compose(Declaration.parse(declaration))

    def state(arms):
        n = len(arms)
        batch = Batch(
            arm=np.array(arms, dtype=object),
            reward=np.full(n, GRID),
            position=np.zeros(n, np.int64),
            propensity=np.ones(n),
            decided=np.zeros(n, np.int64),
        )
        begun = policy.init()
        return policy.encode(policy.absorb(begun, policy.evidence(begun, batch)))

    def commit(*rows):
        store, now = server.ports["store"], SystemClock().now()
        snapshots = [
            Snapshot(
                bandit="colours",
                declaration=1,
                version=version,
                state=state(arms) if isinstance(arms, list) else arms,
                created=Time(now - age),
                watermark=Time(now - age),
                observations=version,
            )
            for version, age, arms in rows
        ]
        lease = store.lease("trainer", now, SECOND_US)
        store.commit(Commit(lease=lease, checkpoint=b"", counts={}, snapshots=snapshots))
        server.service.catalogue.refresh()

    return commit


def test_before_the_first_snapshot_nothing_is_said(server):
    status, said = server.get(PATH)
    assert status == 200
    assert (said["size"], said["steps"], said["settled_below"]) == (2, 20, 0.02)
    assert (said["snapshots"]["rate"], said["snapshots"]["settled"]) == (None, None)
    assert said["served"] is None  # this server has no archive


def test_the_set_at_the_top_is_compared_and_not_its_order(server, keep):
    """Red and green; green and red; green and blue: one of two places, once."""
    keep(
        (1, 50 * MINUTE_US, ["red", "red", "green"]),
        (2, 40 * MINUTE_US, ["green", "green", "red"]),
        (3, 30 * MINUTE_US, ["green", "green", "blue"]),
    )
    said = server.get(f"{PATH}?window=1h")[1]
    (window,) = said["snapshots"]["windows"]
    assert (window["turnover"], window["rankings"], window["thinned"]) == (0.5, 3, False)
    assert window["rate"] == pytest.approx(0.5 / 16, rel=0.2)
    assert said["snapshots"]["settled"] is False
    one = server.get(f"{PATH}?window=1h&size=1")[1]["snapshots"]
    assert one["turnover"] == 1


def test_a_window_without_a_new_snapshot_settles_nothing(server, keep):
    keep((1, 3 * HOUR_US, ["red"]), (2, 2 * HOUR_US + 10 * MINUTE_US, ["red"]))
    said = server.get(f"{PATH}?window=1h&windows=2")[1]["snapshots"]
    assert [window["rankings"] for window in said["windows"]] == [0, 0]
    assert [window["rate"] for window in said["windows"]] == [0, 0]
    assert (said["rate"], said["settled"]) == (None, None)


def test_snapshots_that_went_and_would_have_been_seen_are_told(server, keep):
    """Within a step of the next kept one nothing is missed; across steps it is."""
    keep((1, 90 * MINUTE_US, ["red"]), (9, 40 * MINUTE_US, ["red"]), (10, MINUTE_US, ["red"]))
    windows = server.get(f"{PATH}?window=1h&windows=2")[1]["snapshots"]["windows"]
    assert [window["thinned"] for window in windows] == [True, True]
    windows = server.get(f"{PATH}?window=1m&windows=1")[1]["snapshots"]["windows"]
    assert [window["thinned"] for window in windows] == [False]


def test_a_snapshot_that_does_not_read_is_counted_and_compared_with_none(server, keep):
    keep((1, 50 * MINUTE_US, ["red"]), (2, 30 * MINUTE_US, b"no state"), (3, 0, ["red"]))
    said = server.get(f"{PATH}?window=1h")[1]["snapshots"]
    assert said["unreadable"] == 1
    assert said["rate"] == 0


@pytest.mark.parametrize(
    "query", ["window=0s", "window=x", "windows=0", "windows=201", "size=0", "window=367d", "k=1"]
)
def test_what_cannot_be_is_refused_by_name(server, query):
    status, said = server.get(f"{PATH}?{query}")
    assert (status, said["code"]) == (400, "invalid-input")
    assert query.split("=")[0] in said["detail"] or "duration" in said["detail"]


def test_of_no_such_bandit_it_is_not_found(server):
    assert server.get("/v1/bandits/nobody/convergence")[0] == 404
