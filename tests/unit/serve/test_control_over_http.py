"""Bandits over HTTP: created, read, listed, reported; health and metrics."""

import asyncio

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import TICK, Declaration, Snapshot, Time, Unavailable
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.engine import InlineEngine
from tamesu.policy import compose
from tamesu.ports import Commit
from tamesu.serve import Service

PATH = "/v1/bandits"


class LostStore:
    """A real store that is out of reach when told."""

    def __init__(self):
        self._store = MemoryStore()
        self.lost = False

    def __getattr__(self, name):
        if self.lost:
            raise Unavailable("the store is down")
        return getattr(self._store, name)


def commit(store, declaration, *, version, counts=None, **moments):
    """What a trainer commits."""
    now = SystemClock().now()
    policy = compose(declaration)
    store.commit(
        Commit(
            lease=store.lease("trainer", now, SECOND_US),
            checkpoint=b"",
            counts={declaration.name: counts or {}},
            snapshots=[
                Snapshot(
                    bandit=declaration.name,
                    declaration=1,
                    version=version,
                    state=policy.encode(policy.init()),
                    created=now,
                    watermark=now,
                    observations=10 * version,
                    **moments,
                )
            ],
        )
    )


def test_a_created_bandit_decides_at_once(server, declaration):
    status, body, headers = server.call("POST", PATH, {**declaration, "name": "others"})
    assert status == 201
    assert headers["location"] == "/v1/bandits/others"
    assert (body["name"], body["number"], body["snapshot"]) == ("others", 1, 0)
    assert body["declaration"]["reward"]["window"] == "3s"
    assert server.post(f"{PATH}/others/decisions", {})[0] == 200


def test_what_is_answered_parses_back_to_the_same_declaration(server, declaration):
    _, body = server.get(f"{PATH}/colours")
    assert Declaration.parse(body["declaration"]) == Declaration.parse(declaration)


def test_a_seed_is_drawn_where_none_is_declared(server, declaration):
    unseeded = {key: value for key, value in declaration.items() if key != "seed"}
    seeds = {
        server.post(PATH, {**unseeded, "name": f"b-{number}"})[1]["declaration"]["seed"]
        for number in range(3)
    }
    assert len(seeds) == 3


def test_bandits_are_listed_by_name(server, declaration):
    server.post(PATH, {**declaration, "name": "a-first"})
    status, body = server.get(PATH)
    assert status == 200
    assert [bandit["name"] for bandit in body["bandits"]] == ["a-first", "colours"]
    assert (body["bandits"][0]["arms"], body["bandits"][0]["layout"]) == (4, "slate")


def test_a_name_that_is_taken_is_a_conflict(server, declaration):
    status, problem = server.post(PATH, declaration)
    assert (status, problem["code"], problem["bandit"]) == (409, "conflict", "colours")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Ünsinn"}, "name must have"),
        ({"layuot": "single"}, "did you mean 'layout'?"),
        ({"layout": {"kind": "slade", "size": 2}}, "did you mean 'slate'?"),
        ({"layout": {"kind": "slate", "sice": 2}}, "did you mean 'size'?"),
        ({"policy": {"belief": "betta"}}, "did you mean 'beta'?"),
        ({"reward": {"window": "soon"}}, "a number and a unit"),
        ({"arms": []}, "arms must hold"),
        ({"stciky": {"ttl": "1s"}}, "did you mean 'sticky'?"),
    ],
)
def test_a_bandit_that_cannot_be_is_refused_by_name(server, declaration, change, said):
    status, problem = server.post(PATH, {**declaration, "name": "others", **change})
    assert (status, problem["code"]) == (400, "invalid-declaration")
    assert said in problem["detail"] + problem["hint"]
    assert server.get(f"{PATH}/others")[0] == 404


def test_a_new_snapshot_serves_and_its_delays_are_measured_once(server, declaration):
    now = SystemClock().now()
    ready, accepted = Time(now - 2 * SECOND_US), Time(now - 5 * SECOND_US)
    store = server.ports["store"]
    commit(store, Declaration.parse(declaration), version=1, ready=ready, accepted=accepted)
    server.service.catalogue.refresh()
    for _ in range(3):
        assert server.post(f"{PATH}/colours/decisions", {})[1]["snapshot"] == 1
    (freshness,) = server.meter.values("freshness_seconds", bandit="colours")
    (delay,) = server.meter.values("learning_delay_seconds", bandit="colours")
    assert 2 <= freshness < 60
    assert delay == pytest.approx(freshness + 3)
    _, body = server.get(f"{PATH}/colours/snapshots")
    assert (body["served"], body["snapshots"][0]["version"]) == (1, 1)
    assert body["snapshots"][0]["observations"] == 10


def test_the_report_has_a_row_per_arm_and_the_delays(server, declaration):
    now = SystemClock().now()
    counts = {"deliveries_observed": 7, "events_joined": 2}
    store = server.ports["store"]
    commit(store, Declaration.parse(declaration), version=1, ready=now, counts=counts)
    server.service.catalogue.refresh()
    server.post(f"{PATH}/colours/decisions", {})
    status, report = server.get(f"{PATH}/colours/report")
    assert status == 200
    assert [row["arm"] for row in report["arms"]] == declaration["arms"]
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1 for row in report["arms"])
    assert sum(row["share"] for row in report["arms"]) == pytest.approx(1)
    assert (report["snapshot"], report["observations"]) == (1, 10)
    assert report["counts"]["deliveries_observed"] == 7
    assert report["freshness_s"]["p50"] is not None
    assert report["learning_delay_s"] == {"p50": None, "p95": None}


def test_conservation_is_the_table_as_of_the_last_commit(server, declaration):
    _, before = server.get(f"{PATH}/colours/conservation")
    assert before["difference"] == 0
    counts = {
        "decisions_read": 3,
        "decisions_accepted": 3,
        "deliveries_made": 6,
        "deliveries_open": 6,
        "events_read": 2,
        "events_joined": 1,
    }
    commit(server.ports["store"], Declaration.parse(declaration), version=1, counts=counts)
    _, table = server.get(f"{PATH}/colours/conservation")
    assert (table["decisions"]["accepted"], table["deliveries"]["open"]) == (3, 6)
    assert table["difference"] == 1
    server.get("/metrics")
    assert server.meter.value("conservation_difference", bandit="colours") == 1
    level = {"bandit": "colours", "class": "deliveries_open"}
    assert server.meter.value("conservation_records", **level) == 6


def test_a_store_that_is_down_stops_control_and_not_decisions(serving, declaration):
    store = LostStore()
    server = serving(store=store)
    server.post(PATH, declaration)
    store.lost = True
    status, problem, headers = server.call("POST", PATH, {**declaration, "name": "others"})
    assert (status, problem["code"], headers["retry-after"]) == (503, "unavailable", "1")
    assert server.get(PATH)[0] == 503
    assert server.post(f"{PATH}/colours/decisions", {})[0] == 200
    assert server.get("/metrics")[0] == 200
    assert server.get("/health/ready")[0] == 200
    store.lost = False
    assert server.post(PATH, {**declaration, "name": "others"})[0] == 201


def test_a_log_that_hangs_gives_503_within_the_deadline(serving, log, declaration):
    server = serving({"deadline_s": 0.2}, log=log)
    server.post(PATH, declaration)
    log.shut()
    for path, body in (
        (f"{PATH}/colours/decisions", {}),
        (f"{PATH}/colours/decisions/batch", {"requests": [{}]}),
    ):
        status, problem, headers = server.call("POST", path, body)
        assert (status, problem["code"], headers["retry-after"]) == (503, "unavailable", "1")
        assert problem["outcome"] in ("unknown", "not recorded")
    log.gate.set()
    assert server.post(f"{PATH}/colours/decisions", {})[0] == 200


def test_a_full_queue_gives_429_with_retry_after(server):
    server.service.appender._most_waiting = 0
    status, problem, headers = server.call("POST", f"{PATH}/colours/decisions", {})
    assert (status, problem["code"], headers["retry-after"]) == (429, "backpressure", "1")


def test_a_policy_that_fails_is_answered_for_by_the_fallback(server):
    def fails(*_):
        raise ZeroDivisionError

    server.service.catalogue.find("colours").prepared.choose = fails
    status, answer = server.post(f"{PATH}/colours/decisions", {"eligible": ["red", "blue"]})
    assert (status, answer["fallback"]) == (200, True)
    assert sorted(delivery["arm"] for delivery in answer["deliveries"]) == ["blue", "red"]
    assert [delivery["propensity"] for delivery in answer["deliveries"]] == [0.5, 1.0]
    assert server.meter.value("fallbacks_total", bandit="colours") == 1


def readiness(memory, log, prepare, **others):
    """What a started service says of itself after `prepare(service)`."""

    async def run():
        ports = memory(log=log, **others)
        service = Service(**ports, max_age_s=0.0 if "store" in others else 600.0)
        await service.start()
        try:
            await prepare(service)
            return service.health.readiness()
        finally:
            log.gate.set()
            await service.close()

    return asyncio.run(run())


def test_a_server_whose_log_takes_nothing_is_not_ready(memory, log):
    async def prepare(service):
        await asyncio.to_thread(log.shut)
        service.appender._ticking._landed_at -= 6

    said = readiness(memory, log, prepare)
    assert not said.ready
    assert [name for name, check in said.checks.items() if not check["ok"]] == ["log"]


def test_a_server_whose_snapshots_are_too_old_is_not_ready(memory, log):
    store = LostStore()

    async def prepare(service):
        store.lost = True
        service.catalogue._seen_at -= 1

    said = readiness(memory, log, prepare, store=store)
    assert [name for name, check in said.checks.items() if not check["ok"]] == ["store"]


def test_past_max_age_a_server_is_not_ready_and_decides_on(serving, declaration, until):
    store = LostStore()
    server = serving({"max_age_s": 0.05}, store=store)
    server.post(PATH, declaration)
    store.lost = True
    until(lambda: server.get("/health/ready")[0] == 503)
    check = server.get("/health/ready")[1]["checks"]["store"]
    assert check["ok"] is False
    assert check["seconds_since_read"] > 0.05
    assert "serving old snapshots" in check["hint"]
    assert server.post(f"{PATH}/colours/decisions", {})[0] == 200
    store.lost = False
    until(lambda: server.get("/health/ready")[0] == 200)


class FastClock:
    """Two minutes ahead of the log's."""

    def now(self):
        return Time(SystemClock().now() + 2 * MINUTE_US)


def test_a_server_whose_clock_is_off_is_not_ready(memory, log):
    async def prepare(service):
        await service.appender.submit([TICK]).future

    said = readiness(memory, log, prepare, clock=FastClock())
    assert [name for name, check in said.checks.items() if not check["ok"]] == ["clock"]
    assert said.checks["clock"]["seconds_ahead_of_log"] == pytest.approx(120, abs=5)


def test_health_is_told_over_http(server):
    assert server.get("/health/live") == (200, {"live": True})
    status, body = server.get("/health/ready")
    assert (status, body["ready"]) == (200, True)
    assert set(body["checks"]) == {"log", "store", "clock", "shutdown"}
    server.service.appender._closing = True
    status, body = server.get("/health/ready")
    assert (status, body["ready"]) == (503, False)
    assert body["checks"]["shutdown"]["hint"] == "this server is shutting down"
    server.service.appender._closing = False


def test_metrics_tell_what_is_served(serving, declaration):
    server = serving(meter=PrometheusMeter())
    server.post(PATH, declaration)
    server.post(f"{PATH}/colours/decisions", {})
    status, body, headers = server.call("GET", "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    text = body.decode()
    for line in (
        'tamesu_decisions_total{bandit="colours"} 1.0',
        'tamesu_snapshot_version{bandit="colours"} 0.0',
        "tamesu_decision_seconds_count 1.0",
        "tamesu_append_records_bucket",
        "tamesu_queue_length 0.0",
    ):
        assert line in text


def test_metrics_tell_how_far_the_trainer_is(server):
    server.get("/metrics")
    assert server.meter.value("log_read_offset") == 0
    server.post(f"{PATH}/colours/decisions", {})
    ports = server.ports
    InlineEngine(ports["log"], ports["store"], MemoryArchive(), ports["clock"]).catch_up()
    server.get("/metrics")
    assert 1 <= server.meter.value("log_read_offset") <= server.meter.value("log_end_offset")
    assert 0 <= server.meter.value("watermark_age_seconds") < 60


def test_a_snapshot_that_was_there_before_its_server_is_no_stale_news(serving, declaration):
    """A server that starts again an hour after the last snapshot has not served it late."""
    store = MemoryStore()
    declared = Declaration.parse(declaration)
    store.declare(declared, SystemClock().now())
    old = Time(SystemClock().now() - 60 * MINUTE_US)
    commit(store, declared, version=1, ready=old, accepted=old)
    server = serving(store=store)
    assert server.post(f"{PATH}/colours/decisions", {})[1]["snapshot"] == 1
    assert server.meter.values("freshness_seconds") == []
    commit(store, declared, version=2, ready=SystemClock().now())
    server.service.catalogue.refresh()
    assert server.post(f"{PATH}/colours/decisions", {})[1]["snapshot"] == 2
    (freshness,) = server.meter.values("freshness_seconds", bandit="colours")
    assert freshness < 60


def test_a_server_tells_how_it_stands_without_being_scraped(server, until):
    """So that a scrape of another server shows it."""
    assert until(lambda: b'snapshot_age_seconds{bandit="colours"}' in server.meter.expose()[1])
