"""Kept snapshots over HTTP: listed, read, pinned."""

import pytest

from tamesu.adapters.clock.system import SystemClock
from tamesu.base import Declaration, Snapshot, Status, Time, Unavailable
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tamesu.policy import compose
from tamesu.ports import Commit

PATH = "/v1/bandits/colours/snapshots"


@pytest.fixture
def keep(server, declaration):
    """Commits snapshots of these ages in microseconds, the oldest first, from version 1."""
    policy = compose(Declaration.parse(declaration))

    def commit(*ages, **more):
        store, now = server.ports["store"], SystemClock().now()
        store.commit(
            Commit(
                lease=store.lease("trainer", now, SECOND_US),
                checkpoint=b"",
                counts={},
                snapshots=[
                    Snapshot(
                        bandit="colours",
                        declaration=1,
                        version=version,
                        state=policy.encode(policy.init()),
                        created=Time(now - age),
                        watermark=Time(now - age),
                        observations=10 * version,
                        **more,
                    )
                    for version, age in enumerate(ages, 1)
                ],
            )
        )
        server.service.catalogue.refresh()

    return commit


def versions(said):
    return [one["version"] for one in said["snapshots"]]


def test_before_the_first_snapshot_there_are_none_and_the_prior_serves(server):
    assert server.get(PATH) == (
        200,
        {"bandit": "colours", "served": 0, "snapshots": [], "more": False},
    )


def test_the_newest_come_first_each_with_why_it_stays(server, keep):
    minute = 2 * HOUR_US + SystemClock().now() % MINUTE_US
    keep(91 * DAY_US, 89 * DAY_US, minute - SECOND_US, minute - 2 * SECOND_US, SECOND_US, 0)
    status, said = server.get(PATH)
    assert status == 200
    assert (said["served"], said["more"]) == (6, False)
    assert [(one["version"], one["kept"]) for one in said["snapshots"]] == [
        (6, "newest"),
        (5, "recent"),
        (4, "minutely"),
        (3, None),
        (2, "hourly"),
        (1, None),
    ]
    assert (
        said["snapshots"][0].items()
        >= {
            "declaration": 1,
            "status": "learning",
            "observations": 60,
            "roster": 0,
            "pinned": False,
        }.items()
    )


def test_a_list_is_read_on_from_where_it_ended(server, keep):
    keep(4, 3, 2, 1, 0)
    first = server.get(f"{PATH}?limit=2")[1]
    assert (versions(first), first["more"]) == ([5, 4], True)
    second = server.get(f"{PATH}?limit=2&before=4")[1]
    assert (versions(second), second["more"]) == ([3, 2], True)
    third = server.get(f"{PATH}?limit=2&before=2")[1]
    assert (versions(third), third["more"]) == ([1], False)
    assert versions(server.get(f"{PATH}?before=0")[1]) == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit must lie in 1..1000, got 0"),
        ("limit=1001", "limit must lie in 1..1000, got 1001"),
        ("limit=-1", "limit must be a whole number"),
        ("limit=two", "limit must be a whole number"),
        ("limit=", "limit must be a whole number"),
        ("limit=1&limit=2", "it is twice"),
        (f"before={10**40}", "before must be a whole number"),
        ("before=%F0%9F%98%80", "before must be a whole number"),
        ("limt=2", "unknown field 'limt'"),
    ],
)
def test_what_cannot_be_listed_is_said_by_name(server, query, says):
    status, problem = server.get(f"{PATH}?{query}")
    assert (status, problem["code"]) == (400, "invalid-input")
    assert says in problem["detail"]


def test_a_snapshot_tells_what_it_believes(server, keep, declaration):
    keep(SECOND_US, 0)
    status, said = server.get(f"{PATH}/1")
    assert status == 200
    assert (said["bandit"], said["version"], said["kept"]) == ("colours", 1, "recent")
    assert said["readable"] is True
    assert [row["arm"] for row in said["arms"]] == declaration["arms"]
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1 for row in said["arms"])


@pytest.mark.parametrize("version", [0, 3, 10**30])
def test_a_version_that_is_not_kept_is_said_with_those_near_it(server, keep, version):
    keep(SECOND_US, 0)
    for method, path in (("GET", ""), ("PUT", "/pin"), ("DELETE", "/pin")):
        status, problem, _ = server.call(method, f"{PATH}/{version}{path}")
        assert (status, problem["code"]) == (404, "not-found")
        assert "(near it: 1, 2)" in problem["detail"]


def test_a_pinned_snapshot_stays_and_may_be_let_go_of(server, keep):
    keep(100 * DAY_US, 0)
    assert server.get(f"{PATH}/1")[1]["kept"] is None
    for _ in range(2):
        status, said, _ = server.call("PUT", f"{PATH}/1/pin")
        assert (status, said["pinned"], said["kept"]) == (200, True, "pinned")
    store = server.ports["store"]
    lease = store.lease("trainer", SystemClock().now(), SECOND_US)
    assert store.thin(lease, "colours", [1]) == 0
    for _ in range(2):
        status, said, _ = server.call("DELETE", f"{PATH}/1/pin")
        assert (status, said["pinned"], said["kept"]) == (200, False, None)
    assert store.thin(lease, "colours", [1]) == 1
    assert server.get(f"{PATH}/1")[0] == 404


def test_a_deleted_bandit_has_none(server, keep):
    keep(0, status=Status.DELETED)
    for path in (PATH, f"{PATH}/1"):
        status, problem = server.get(path)
        assert status == 404
        assert "was deleted" in problem["detail"]


def test_a_store_that_is_down_is_said(server, keep, monkeypatch):
    keep(0)

    def down(_):
        raise Unavailable("the store is down")

    monkeypatch.setattr(server.ports["store"], "snapshots", down)
    assert server.get(PATH)[0] == 503
    assert server.call("PUT", f"{PATH}/1/pin")[0] == 503
