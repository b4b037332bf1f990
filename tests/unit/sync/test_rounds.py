"""Scheduled syncs: when they are due, what was missed, what fails."""

from __future__ import annotations

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import TICK, Declaration, InvalidInput, Time, Unavailable, WantedArm
from tamesu.engine import InlineEngine
from tamesu.sync import Attempt, Attempts, Rounds, Scheduled, is_due
from tamesu.sync.rounds import MOST_TRIES, RETRY_US
from tamesu.wiring import Settings, doctor, load_settings
from tamesu.wiring.syncing import syncs

HOUR_US = 3_600_000_000
NIGHTLY = Scheduled(bandit="shop", source="shop.csv", cron="0 3 * * *")


def at(text):
    return Time.parse(text)


class Clock(ManualClock):
    """Where somebody waits, a trainer works."""

    engine = None

    def sleep(self, duration_us):
        super().sleep(duration_us)
        if self.engine is not None:
            self.engine.catch_up()


class Source:
    name = "shop.csv"

    def __init__(self):
        self.arms = list("abcde")
        self.reads = 0

    def read(self):
        self.reads += 1
        if isinstance(self.arms, Exception):
            raise self.arms
        return [WantedArm(id=arm) for arm in self.arms]


class Here:
    def __init__(self, folder, *, trainer=True):
        self.folder = folder
        self.clock = Clock(at("2026-01-01T12:00:00Z"))
        self.store = MemoryStore()
        log = MemoryEventLog(clock=self.clock)
        self.store.declare(
            Declaration.parse({"name": "shop", "arms": list("abcde"), "seed": 1}), self.clock.now()
        )
        log.append([TICK])
        if trainer:
            self.clock.engine = InlineEngine(log, self.store, MemoryArchive(), self.clock)
        self.source = Source()
        self.again()

    def again(self):
        """As a process that was started anew."""
        self.rounds = Rounds(
            [NIGHTLY],
            lambda _: self.source,
            self.store,
            Attempts(self.folder),
            self.clock,
            MemoryMeter(),
        )

    @property
    def last(self):
        return Attempts(self.folder).all()["shop"]

    @property
    def arms(self):
        snapshot = self.store.snapshot("shop")
        return self.store.roster("shop", snapshot.roster).ids


@pytest.fixture
def here(tmp_path):
    return Here(tmp_path)


def test_it_runs_at_its_moment_and_once(here):
    assert here.rounds.turn() == 0
    assert here.last.outcome == "waits"
    here.source.arms = list("abcdf")
    here.clock.set(at("2026-01-02T02:59:59Z"))
    assert here.rounds.turn() == 0
    here.clock.set(at("2026-01-02T03:00:00Z"))
    assert here.rounds.turn() == 1
    assert (here.last.outcome, here.last.counts["added"]) == ("changed", 1)
    assert here.arms == tuple("abcdf")
    here.clock.move(HOUR_US)
    assert here.rounds.turn() == 0
    (command,) = here.store.commands("shop")
    assert command.body["source"] == "shop.csv, by schedule 0 3 * * *"


def test_what_was_missed_is_made_up_for_once(here):
    here.rounds.turn()
    here.clock.set(at("2026-01-09T11:00:00Z"))  # eight nights asleep
    here.again()
    assert here.rounds.turn() == 1
    here.again()
    assert here.rounds.turn() == 0
    assert here.last.outcome == "unchanged"


def test_a_failure_that_may_pass_is_tried_again_each_time_later(here):
    here.rounds.turn()
    here.source.arms = Unavailable("the shop is closed")
    here.clock.set(at("2026-01-02T03:00:00Z"))
    for failures in range(1, MOST_TRIES + 1):
        assert here.rounds.turn() == 1
        assert (here.last.outcome, here.last.tries) == ("failed", failures)
        here.again()  # what was tried outlives a process
        assert here.rounds.turn() == 0
        here.clock.move(RETRY_US << (failures - 1))
    assert here.rounds.turn() == 0
    here.source.arms = list("abcde")
    here.clock.set(at("2026-01-03T03:00:00Z"))
    assert here.rounds.turn() == 1
    assert (here.last.outcome, here.last.tries) == ("unchanged", 0)


def test_a_source_that_would_retire_most_is_told_and_not_tried_again(here, tmp_path):
    here.rounds.turn()
    here.source.arms = ["a"]
    here.clock.set(at("2026-01-02T03:00:00Z"))
    assert here.rounds.turn() == 1
    here.clock.move(HOUR_US)
    assert here.rounds.turn() == 0
    (finding,) = syncs(Settings(data=str(tmp_path), sync=(NIGHTLY,)), here.clock.now())
    assert not finding.well
    assert "retire 4 of 5" in finding.found
    assert not here.store.commands("shop")


def test_without_a_trainer_the_command_waits_and_is_told_so(tmp_path):
    here = Here(tmp_path, trainer=False)
    here.rounds.turn()
    here.source.arms = list("abcdef")
    here.clock.set(at("2026-01-02T03:00:00Z"))
    assert here.rounds.turn() == 1
    assert here.last.outcome == "pending"
    assert len(here.store.waiting()) == 1


def test_a_zone_is_where_the_clock_on_the_wall_is():
    there = Scheduled(bandit="b", source="s", cron="0 3 * * *", timezone="Asia/Tokyo")
    noon = at("2026-01-01T12:00:00Z")
    assert there.last_due(noon) == at("2025-12-31T18:00:00Z")
    assert there.next_due(noon) == at("2026-01-01T18:00:00Z")
    assert NIGHTLY.last_due(at("2026-01-01T03:00:00Z")) == at("2026-01-01T03:00:00Z")
    assert not is_due(NIGHTLY, Attempt(at=at("2026-01-01T03:00:00Z")), noon)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"cron": "x"}, "five fields"),
        ({"cron": "61 * * * *"}, "cron expression"),
        ({"cron": "0 0 31 2 *"}, "cron expression"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"limit": 1.5}, r"0\.\.1"),
        ({"every": "1d"}, "unknown field"),
        ({"bandit": "other"}, "one source"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(tmp_path, monkeypatch, change, wrong):
    monkeypatch.chdir(tmp_path)
    line = {"bandit": "shop", "from": "shop.csv", "cron": "0 3 * * *", **change}
    text = "\n".join(f"{key} = {value!r}" for key, value in line.items())
    other = '[[sync]]\nbandit = "other"\nfrom = "o.csv"\ncron = "0 3 * * *"\n'
    (tmp_path / "tamesu.toml").write_text(f"{other}[[sync]]\n{text}\n")
    with pytest.raises(InvalidInput, match=wrong):
        load_settings(environment={})


def test_files_are_relative_to_the_settings_and_roles_are_told_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tamesu.toml").write_text(
        '[[sync]]\nbandit = "shop"\nfrom = "arms/shop.csv"\ncron = "*/5 * * * *"\n'
        '[[sync]]\nbandit = "b"\nfrom = "shop.arms:all"\ncron = "0 3 * * *"\nlimit = 0.5\n'
    )
    first, second = load_settings(environment={}).sync
    assert first.source == str(tmp_path / "arms/shop.csv")
    assert (second.source, second.limit) == ("shop.arms:all", 0.5)
    from tamesu.wiring.supervision import _told  # noqa: PLC0415 - what passes between processes

    told = _told(load_settings(environment={}))
    again = load_settings(environment={**told, "TAMESU_PROCESS": "sync"})
    assert again.sync == (first, second)


def test_what_nobody_foresaw_of_a_source_is_told_and_stops_no_other(here):
    here.rounds.turn()
    here.source.arms = ZeroDivisionError("of a driver")
    here.clock.set(at("2026-01-02T03:00:00Z"))
    assert here.rounds.turn() == 1
    assert here.last.outcome == "failed"
    assert "ZeroDivisionError: of a driver" in here.last.error
    here.clock.move(HOUR_US)
    assert here.rounds.turn() == 0


def test_while_the_disk_is_full_a_source_is_not_read_again_and_again(here, monkeypatch):
    here.rounds.turn()
    here.clock.set(at("2026-01-02T03:00:00Z"))

    def full(*_):
        raise Unavailable("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Attempts, "put", full)
        with pytest.raises(Unavailable):
            here.rounds.turn()
        assert here.rounds.turn() == 0
    assert here.source.reads == 1


def test_a_sync_that_nobody_ran_is_told(here, tmp_path):
    settings = Settings(data=str(tmp_path), sync=(NIGHTLY,))

    def told(now):
        (finding,) = syncs(settings, at(now))
        return finding

    assert told("2026-01-05T12:00:00Z").well  # nobody ever looked: a line just written
    here.rounds.turn()
    assert told("2026-01-02T03:14:00Z").well
    late = told("2026-01-02T03:16:00Z")
    assert not late.well
    assert "due at 2026-01-02T03:00:00" in late.found
    here.clock.set(at("2026-01-02T03:16:00Z"))
    here.rounds.turn()
    assert told("2026-01-02T03:17:00Z").found.startswith("unchanged at 2026-01-02T03:16:00")


def test_the_doctor_tells_of_syncs(here, tmp_path):
    here.rounds.turn()
    here.source.arms = ["a"]
    here.clock.set(at("2026-01-02T03:00:00Z"))
    here.rounds.turn()
    settings = Settings(data=str(tmp_path), sync=(NIGHTLY,))
    (finding,) = [each for each in doctor(settings) if each.check == "sync of shop"]
    assert not finding.well
    (tmp_path / "sync.json").write_text("{")
    (finding,) = [each for each in doctor(settings) if each.check == "syncs"]
    assert not finding.well
