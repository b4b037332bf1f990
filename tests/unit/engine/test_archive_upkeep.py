"""The log is archived whole, small files become few, what nobody names goes; killed anywhere, too."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import TICK, Conflict, Corrupt, Declaration, Draft, Effect, Time, encode
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tamesu.engine import ArchivedLog
from tamesu.engine.archivist import SLICE, Archivist
from tamesu.engine.duty import Turn
from tamesu.engine.forgetting import Forgetting
from tamesu.engine.retention import Retention
from tamesu.engine.roller import MOST_FILES, Roller
from tamesu.engine.sweeper import GRACE_US, Sweeper
from tamesu.ports import Commit, Holds
from tamesu.testing import Crash, CrashAfter, When, single
from tamesu.testing.archive_bound import aside

LASTS_US = 5_000_000


class World:
    """A log, a store, an archive, and a trainer that has learnt the log to its end."""

    def __init__(self, partitions=1, archive=None):
        self.clock = ManualClock()
        self.log = MemoryEventLog(partitions, clock=self.clock)
        self.store = MemoryStore()
        self.archive = MemoryArchive() if archive is None else archive
        self.epoch = 0

    def append(self, n, key="key"):
        self.log.append([Draft(f"{key}-{i % 5}", "event", b"%d" % i) for i in range(n)])

    def turn(self, **other):
        now = self.clock.now()
        ends = tuple(map(self.log.end, range(self.log.partitions)))
        lease = self.store.takeover("trainer", now, LASTS_US)
        told = {"lease": lease, "now": now, "watermark": now, "read": ends, "low": ends}
        return Turn(**(told | other))

    def tend(self, duty, **other):
        """All slices that there are to do; what they counted."""
        counts, turn = {}, self.turn(**other)
        while True:
            done = duty.slice(turn)
            for name, amount in done.counts.items():
                counts[name] = counts.get(name, 0) + amount
            if not done.more:
                return counts

    def crashes(self, make, check):
        """Kills the duty that `make` gives of ports at its every port call, and goes on; their number."""
        n = 0
        while True:
            n += 1
            for when in When:
                one = check()
                faults = CrashAfter(n, when)
                with contextlib.suppress(Crash):
                    one.tend(make(*map(faults.wrap, (one.log, one.store, one.archive))))
                one.tend(make(one.log, one.store, one.archive))
                yield one
            if not faults.crashed:
                return

    def archived(self):
        """Every entry of the archive, by partition."""
        log = ArchivedLog(self.store, self.archive)
        return [log.read(place, 0, 1 << 30) for place in range(log.partitions)]

    def logged(self):
        return [self.log.read(place, 0, 1 << 30) for place in range(self.log.partitions)]

    def lies_there(self):
        return set(self.archive.names()), {file.name for file in self.store.files()}


def archivist(log, store, archive):
    return Archivist(log, store, archive)


def roller(_, store, archive):
    return Roller(store, archive)


# The archivist ------------------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", [1, 3])
def test_the_log_is_archived_as_it_is(partitions):
    """Every entry once, in log order, ticks and what cannot be read too."""
    world = World(partitions)
    for _ in range(3):
        world.append(20)
        world.log.append([TICK, Draft("key-1", "nonsense", b"\xff\x00")])
        world.clock.move(2 * MINUTE_US)
        counts = world.tend(archivist(world.log, world.store, world.archive))
        assert sum(counts.values()) == 22
        assert world.archived() == world.logged()
    assert world.store.archived() == tuple(map(world.log.end, range(partitions)))
    before = world.lies_there()
    assert world.tend(archivist(world.log, world.store, world.archive)) == {}
    assert world.lies_there() == before


def test_a_few_records_wait_for_a_minute_and_many_do_not():
    world = World()
    duty = archivist(world.log, world.store, world.archive)
    world.append(10)
    assert world.tend(duty) == {}
    world.append(SLICE)
    assert world.tend(duty) == {"archived_total": SLICE}
    world.clock.move(MINUTE_US)
    assert world.tend(duty) == {"archived_total": 10}


def test_what_was_not_learnt_is_not_archived():
    world = World()
    world.append(10)
    world.clock.move(HOUR_US)
    assert world.tend(archivist(world.log, world.store, world.archive), read=(4,)) == {
        "archived_total": 4
    }
    assert [len(entries) for entries in world.archived()] == [4]


def test_a_log_that_lost_its_beginning_before_is_archived_from_where_it_begins():
    world = World()
    world.append(10)
    world.clock.move(HOUR_US)
    world.log.retire(0, 6, world.clock.now())
    world.tend(archivist(world.log, world.store, world.archive))
    assert world.archived() == world.logged()
    assert ArchivedLog(world.store, world.archive).start(0) == 6
    world.append(3)
    world.clock.move(HOUR_US)
    world.log.retire(0, 13, world.clock.now())
    world.tend(archivist(world.log, world.store, world.archive))
    assert world.store.archived() == (13,), "a gap to the end is passed over"


def test_an_archivist_killed_anywhere_writes_each_record_once():
    def begun():
        world = World(2)
        world.append(20)
        world.clock.move(HOUR_US)
        return world

    worlds = list(World().crashes(archivist, begun))
    assert len(worlds) > 8
    for world in worlds:
        assert world.archived() == world.logged()
        there, named = world.lies_there()
        assert named <= there


def test_a_trainer_whose_lease_is_gone_archives_nothing():
    world = World()
    world.append(10)
    world.clock.move(HOUR_US)
    turn = world.turn()
    world.turn()
    with pytest.raises(Conflict):
        archivist(world.log, world.store, world.archive).slice(turn)
    assert world.archived() == []


def test_the_log_keeps_what_is_not_archived():
    """However old it is and however long done with."""
    world = World()
    world.append(10)
    world.clock.move(2 * DAY_US)
    duty = Retention(world.log, world.store, keeps_ms=1)
    assert world.tend(duty) == {}
    assert world.log.start(0) == 0
    world.tend(archivist(world.log, world.store, world.archive), read=(4,))
    assert world.tend(duty) == {"log_retired_total": 4}
    assert world.tend(duty, low=(2,)) == {}
    assert [one.offset for entries in world.logged() for one in entries] == [4, 5, 6, 7, 8, 9]
    world.tend(archivist(world.log, world.store, world.archive))
    assert world.tend(duty, watermark=None) == {}
    assert world.tend(duty, watermark=Time(DAY_US)) == {}, "by the log's time, too"
    assert world.tend(duty) == {"log_retired_total": 6}


# The roller ---------------------------------------------------------------------------------------


def filled(archive=None, hours=3, each=5):
    """Hours of small files of every kind; what they hold."""
    world = World(archive=archive)
    duty = archivist(world.log, world.store, world.archive)
    for hour in range(hours):
        for minute in range(each):
            world.append(4, key=f"{hour}-{minute}")
            world.clock.move(2 * MINUTE_US)
            world.tend(duty)
            closed = world.clock.now()
            files = []
            for bandit in ("home", "away"):
                rows = observed(bandit, hour * each + minute, closed)
                files.append(world.archive.write(f"1-{closed}", rows))
            entry = world.log.read(0, world.log.end(0) - 1, 1)[0]
            files.append(world.archive.write_aside(f"1-{closed}", [aside(entry)]))
            world.store.arrange(world.turn().lease, files, [])
        world.clock.move(HOUR_US)
    return world


def observed(bandit, position, closed):
    rows = single(bandit, position=position)
    rows.closed[:] = closed
    return rows


def content(world):
    """All that the archive holds, in an order free of files."""
    files = {holds: world.store.files(holds) for holds in Holds}
    rows = [row for part in world.archive.read(files[Holds.OBSERVATIONS]) for row in part.rows()]
    kept = [one for part in world.archive.read_aside(files[Holds.ASIDE]) for one in part]
    return sorted(map(encode, rows)), sorted(map(repr, kept)), world.archived()


@pytest.mark.parametrize("kind", ["memory", "parquet"])
def test_what_is_merged_holds_the_same(kind, tmp_path):
    world = filled(ParquetArchive(tmp_path) if kind == "parquet" else None)
    before, names = content(world), {file.name for file in world.store.files()}
    world.clock.move(DAY_US)
    counts = world.tend(Roller(world.store, world.archive))
    assert content(world) == before
    left = {file.name for file in world.store.files()}
    assert counts == {"archive_merged_total": len(names - left)}
    by_folder = [file.folder for file in world.store.files()]
    assert {folder: by_folder.count(folder) for folder in by_folder} == {
        "home/1": 3,
        "away/1": 3,
        "_records/0": 3,
        "_aside/home": 1,
    }
    assert world.tend(Roller(world.store, world.archive)) == {}
    assert names <= set(world.archive.names()), "somebody may be reading them"


def test_what_a_command_may_be_reading_is_merged_when_it_waits_no_more():
    """A state that warms up begins anew where files are merged: with a roller at it it would never end."""
    world = filled()
    world.clock.move(DAY_US)
    folders = [file.folder for file in world.store.files()]
    asked = world.store.ask("home", "declare", {}, world.clock.now())
    world.tend(Roller(world.store, world.archive))
    left = [file.folder for file in world.store.files()]
    assert left.count("home/1") == folders.count("home/1") > left.count("away/1")
    lease = world.turn().lease
    effect = Effect(at=world.clock.now(), snapshot=0, roster=0, read=())
    done = msgspec.structs.replace(asked, effect=effect)
    world.store.commit(Commit(lease=lease, checkpoint=b"", counts={}, commands=[done]))
    world.tend(Roller(world.store, world.archive))
    assert [file.folder for file in world.store.files()].count("home/1") < left.count("home/1")


def test_an_hour_that_is_not_over_is_left_alone():
    world = filled(hours=1)
    world.clock.move(-HOUR_US)
    assert world.tend(Roller(world.store, world.archive)) == {}


def test_very_many_small_files_are_merged_before_their_hour_is_over():
    world = World()
    now = world.clock.now() // HOUR_US * HOUR_US + SECOND_US
    for position in range(2 * MOST_FILES + 3):
        file = world.archive.write(f"1-{position:04d}", observed("home", position, now))
        world.store.arrange(world.turn().lease, [file], [])
    before = content(world)
    world.tend(Roller(world.store, world.archive), watermark=Time(now + SECOND_US))
    assert len(world.store.files()) == 5
    assert content(world) == before


def test_a_roller_killed_anywhere_loses_and_repeats_nothing():
    wanted = content(filled())

    def begun():
        world = filled()
        world.clock.move(DAY_US)
        return world

    worlds = list(World().crashes(roller, begun))
    assert len(worlds) > 20
    for world in worlds:
        assert content(world) == wanted


def test_a_damaged_file_keeps_the_others_from_nothing(tmp_path):
    world = filled(ParquetArchive(tmp_path), hours=2)
    world.clock.move(DAY_US)
    (tmp_path / world.store.files(Holds.RECORDS)[0].name).write_bytes(b"torn")
    duty, turn, failures = Roller(world.store, world.archive), world.turn(), 0
    while True:
        try:
            if not duty.slice(turn).more:
                break
        except Corrupt:
            failures += 1
    assert failures == 1
    assert len(world.store.files(Holds.OBSERVATIONS)) == 4
    assert len(world.store.files(Holds.RECORDS)) == 5 + 1


# The sweeper --------------------------------------------------------------------------------------


def test_what_nobody_names_goes_after_a_while_and_nothing_else(tmp_path):
    world = filled(ParquetArchive(tmp_path))
    world.clock.move(DAY_US)
    world.tend(Roller(world.store, world.archive))
    (tmp_path / "home/1/notes.txt").write_text("mine")
    (tmp_path / "home/1/.1-2-3.parquet.new").write_bytes(b"half")
    before = content(world)
    duty = Sweeper(world.store, world.archive)
    there, named = world.lies_there()
    assert world.tend(duty) == {}
    world.clock.move(GRACE_US - 1)
    assert world.tend(duty) == {}
    world.clock.move(1)
    assert world.tend(duty) == {"archive_swept_total": len(there - named)}
    assert world.lies_there() == (named, named)
    assert content(world) == before
    assert (tmp_path / "home/1/notes.txt").exists()


def test_a_file_that_is_named_again_is_seen_anew():
    """What counts is how long nobody has named it now."""
    world = World()
    duty = Sweeper(world.store, world.archive)
    file = world.archive.write("1-0", single())
    world.tend(duty)
    world.clock.move(GRACE_US)
    world.store.arrange(world.turn().lease, [file], [])
    assert world.tend(duty) == {}
    world.store.arrange(world.turn().lease, [], [file])
    assert world.tend(duty) == {}
    world.clock.move(-HOUR_US)
    assert world.tend(duty) == {}
    world.clock.move(GRACE_US)
    assert world.tend(duty) == {"archive_swept_total": 1}


# Forgetting ---------------------------------------------------------------------------------------


def test_what_is_older_than_the_setting_goes_whole():
    world = filled()
    first, last = world.store.files()[0].newest, world.clock.now()
    duty = Forgetting(world.store, 2 * DAY_US + 2 * HOUR_US)
    rows = sum(file.rows for file in world.store.files() if file.newest < last - 2 * HOUR_US)
    assert 0 < rows < sum(file.rows for file in world.store.files())
    world.clock.move(2 * DAY_US)
    assert world.tend(duty, watermark=first) == {}, "by the log's time, too"
    assert world.tend(duty) == {"archive_forgotten_total": rows}
    assert min(file.newest for file in world.store.files()) >= last - 2 * HOUR_US
    entries = world.archived()[0]
    assert entries == world.logged()[0][-len(entries) :]


def test_what_may_still_correct_is_not_forgotten():
    world = filled()
    declaration = {"name": "home", "arms": ["a", "b"], "reward": {"events": {"click": 1}}}
    world.store.declare(
        Declaration.parse({**declaration, "reward": {"events": {"click": 1}, "late": "5d"}}),
        world.clock.now(),
    )
    duty = Forgetting(world.store, 1)
    world.clock.move(5 * DAY_US)
    assert world.tend(duty) == {}
    world.clock.move(DAY_US)
    assert world.tend(duty)["archive_forgotten_total"] > 0
    assert world.store.files() == []


def test_a_file_that_does_not_say_how_old_it_is_stays():
    """Of a version of Tamesu before this one."""
    world = World()
    file = msgspec.structs.replace(world.archive.write("1-0", single()), newest=Time(0))
    world.store.arrange(world.turn().lease, [file], [])
    world.clock.move(1000 * DAY_US)
    assert world.tend(Forgetting(world.store, 1)) == {}
