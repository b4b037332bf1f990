"""A trainer killed again and again while it archives, merges and sums up: each record is archived once."""

from __future__ import annotations

import signal
import subprocess
from contextlib import closing

import pytest
from machine import TAMESU

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.clock.system import SystemClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.base import (
    TICK,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Time,
    decision_id,
    delivery_id,
    encode,
)
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.engine import ArchivedLog, summed
from tamesu.ports import Holds
from tamesu.wiring import Settings, integrity, open_aggregates, open_archive, open_log, open_store

FRONT = {
    "name": "front",
    "arms": ["a", "b"],
    "reward": {"window": "2s", "settle": "1s", "lateness": "1s"},
    "seed": 1,
}
DECISIONS = 18_000
KILLS = 3


@pytest.fixture
def settings(tmp_path):
    """An installation whose log was written two hours ago, and then nobody learnt from it."""
    settings = Settings(data=str(tmp_path / "data"))
    clock, ids = ManualClock(Time(SystemClock().now() - 2 * HOUR_US)), SeededIds()
    with (
        closing(SqliteEventLog(settings.folder / "log", clock=clock)) as log,
        closing(open_store(settings)) as store,
    ):
        store.declare(Declaration.parse(FRONT), clock.now())
        for _ in range(DECISIONS // 1_000):
            keys = [decision_id("front", 1, ids.uuid7(clock.now())) for _ in range(1_000)]
            log.append([decided(key, "ab"[place % 2]) for place, key in enumerate(keys)])
            clock.move(SECOND_US // 2)
            log.append([clicked(key) for key in keys[::3]])
            clock.move(SECOND_US)
            log.append([clicked(key, "buy") for key in keys[::5]])
            clock.move(SECOND_US)
        clock.move(HOUR_US + HOUR_US // 2)
        log.append([TICK])
    return settings


def decided(key, arm):
    deliveries = (Delivery(0, arm, 0.5, 0.5),)
    return Draft(
        key, "decision", encode(Decision(decision_id=key, snapshot=0, deliveries=deliveries))
    )


def clicked(key, kind="click"):
    event = Event(event_id=f"{kind}-{key}", delivery_id=delivery_id(key, 0), type=kind)
    return Draft(key, "event", encode(event))


@pytest.fixture
def trainer(settings, tmp_path):
    started = []

    def start():
        messages = (tmp_path / "messages").open("a")
        words = [*TAMESU, "run", "trainer", "--data", settings.data]
        started.append(subprocess.Popen(words, stdout=messages, stderr=messages))
        messages.close()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def kept(settings):
    """Every file that lies there, of the archive and of sums."""
    folders = (settings.folder / "archive", settings.folder / "aggregates")
    return {path for folder in folders for path in folder.rglob("*.parquet*")}


def test_each_record_is_archived_once_whenever_the_trainer_is_killed(settings, trainer, until):
    for _ in range(KILLS):
        before, process = kept(settings), trainer()
        until(lambda before=before: kept(settings) != before)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    process = trainer()
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        until(lambda: store.archived() == (log.end(0),))
        process.terminate()
        assert process.wait(30) == 0
        archive = open_archive(settings)
        assert ArchivedLog(store, archive).read(0, 0, 1 << 30) == log.read(0, 0, 1 << 30)
        rows = [
            row for part in archive.read(store.files(Holds.OBSERVATIONS)) for row in part.rows()
        ]
        assert len({(row.decision_id, row.correction) for row in rows}) == len(rows)
        assert sum(row.correction == 0 for row in rows) == DECISIONS
        told = summed(store, archive, open_aggregates(settings), "front")
        assert (told.is_equal, told.why) == (True, "")
    assert integrity.agreement(settings)
