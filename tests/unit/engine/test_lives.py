"""Commands of a bandit's life, as a trainer applies them: once, whatever it is killed at."""

from __future__ import annotations

import contextlib
from contextlib import closing

import msgspec
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    GRID,
    TICK,
    Correction,
    Corrupt,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
    Observation,
    Outcome,
    Snapshot,
    Status,
    decision_id,
    delivery_id,
    encode,
    parse_decision_id,
)
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.engine import InlineEngine
from tamesu.engine.corrected import MOST
from tamesu.policy import compose
from tamesu.ports import Holds
from tamesu.testing import Crash, CrashAfter
from tamesu.wiring import Settings, open_archive, open_store

HOME = {
    "name": "home",
    "arms": ["a", "b", "c"],
    "reward": {"window": "9s", "settle": "2s", "lateness": "1s"},
    "seed": 7,
}
OTHER_BELIEF = {"policy": {"belief": {"kind": "beta", "prior": [1, 9]}}}


class World:
    """A bandit, a log, and a trainer to be called."""

    def __init__(self, home=HOME, store=None, archive=None):
        self.clock = ManualClock()
        self.log = MemoryEventLog(clock=self.clock)
        self.store = store or MemoryStore()
        self.archive = archive or MemoryArchive()
        self._ids = SeededIds()
        self.home = Declaration.parse(home)
        self.shown = []
        self.store.declare(self.home, self.clock.now())

    def trainer(self, faults=None):
        wrap = (lambda port: port) if faults is None else faults.wrap
        ports = (wrap(port) for port in (self.log, self.store, self.archive))
        return InlineEngine(*ports, self.clock)

    def learn(self):
        """A new trainer learns all there is."""
        self.trainer().catch_up()

    def ask(self, kind, body=None):
        return self.store.ask("home", kind, body or {}, self.clock.now()).number

    def do(self, kind, body=None):
        """A command, applied; its effect."""
        number = self.ask(kind, body)
        self.learn()
        effect = self.store.command(number).effect
        assert effect.refusal is None, effect.refusal
        return effect

    def declare(self, number=1, *, warm=False, **changes):
        return {"declaration": {**self.home.plain(), **changes}, "number": number, "warm": warm}

    def show(self, *arms, clicked="", number=1):
        """Decisions that deliver an arm each; those of `clicked` are clicked at once."""
        for arm in arms:
            identity = decision_id("home", number, self._ids.uuid7(self.clock.now()))
            self.shown.append(identity)
            decision = Decision(
                decision_id=identity, snapshot=0, deliveries=(Delivery(0, arm, 0.5, 0.5),)
            )
            drafts = [Draft(identity, Kind.DECISION.value, encode(decision))]
            self.log.append(drafts)
            if arm in clicked:
                self.click(identity)

    def click(self, identity):
        event = Event(
            event_id=self._ids.uuid7(self.clock.now()),
            delivery_id=delivery_id(identity, 0),
            type="click",
        )
        self.log.append([Draft(identity, Kind.EVENT.value, encode(event))])

    def wait(self, seconds=20):
        """Past every window, without further ado."""
        self.clock.move(seconds * SECOND_US)
        self.log.append([TICK])

    def correct(self, identity, arm, reward, correction=1):
        """A late correction as the job would keep it."""
        lease = self.store.takeover("inline", self.clock.now(), HOUR_US)
        now = self.clock.now()
        row = Observation(
            decision_id=identity,
            position=0,
            correction=correction,
            experiment=None,
            variant=None,
            unit=None,
            arm=arm,
            context=None,
            eligible=None,
            propensity=0.5,
            score=0.5,
            draws=None,
            fallback=False,
            outcome=Outcome.OBSERVED,
            reward=reward * GRID,
            previous_reward=(1 - reward) * GRID,
            terms={"click": reward * GRID},
            decided=parse_decision_id(identity).decided,
            shown=now,
            closed=now,
            snapshot=0,
        )
        found = Correction(
            bandit="home",
            declaration=1,
            observation=row,
            accepted=now,
            moved={"events_late": -1, "events_corrected": 1},
            found=now,
        )
        assert self.store.correct(lease, [found]) == 1

    @property
    def snapshot(self) -> Snapshot:
        return self.store.snapshot("home")

    def rates(self, *arms, state=None):
        """(ones, zeros) of each arm in the newest snapshot, or in `state`."""
        part = compose(self.home).decode(state or self.snapshot.state).parts[0]
        pairs = zip(part.column("successes", arms), part.column("failures", arms), strict=True)
        return [(int(ones), int(zeros)) for ones, zeros in pairs]

    def rows(self):
        """Everything that is archived, as (arm, correction, absorbed)."""
        files = self.store.files(Holds.OBSERVATIONS)
        return sorted(
            (row.arm, row.correction, row.absorbed)
            for group in self.archive.read(files)
            for row in group.rows()
        )

    def everything(self):
        """All that a trainer has written, but for who it was."""
        versions = [one.version for one in self.store.snapshots("home")]
        snapshots = [self.store.snapshot("home", version) for version in versions]
        rosters = {one.roster: self.store.roster("home", one.roster) for one in snapshots}
        return {
            "snapshots": [encode(one) for one in snapshots],
            "rosters": {number: encode(roster) for number, roster in rosters.items() if roster},
            "commands": [encode(command) for command in self.store.commands()],
            "declared": self.store.declarations()["home"],
            "deferred": self.store.deferred("home"),
            "corrections": [encode(one) for one in self.store.corrections(waiting=False)],
            "waiting": [*self.store.waiting(), *self.store.corrections(waiting=True)],
            "rows": self.rows(),
            "aside": [
                kept
                for file in self.archive.read_aside(self.store.files(Holds.ASIDE))
                for kept in file
            ],
            "counts": self.store.progress().counts,
        }


@pytest.fixture
def world():
    return World()


def test_every_snapshot_says_how_far_its_log_was_read(world):
    """One that a command made: as far as the commit before it."""
    world.show("a", "b", clicked="a")
    world.wait()
    world.learn()
    end = world.log.end(0)
    assert world.snapshot.read == (end,)
    world.show("c")
    world.wait()
    number = world.ask("freeze")
    world.ask("resume")
    world.learn()
    first, second = (world.store.snapshot("home", version) for version in (2, 3))
    assert world.store.command(number).effect.read == first.read == (end,)
    assert second.read == (world.log.end(0),)


def test_rows_say_which_version_learnt_them(world):
    world.show("a", "b", clicked="a")
    world.wait()
    world.learn()
    world.do("freeze")
    world.show("c")
    world.wait()
    world.learn()
    assert world.rows() == [("a", 0, 1), ("b", 0, 1), ("c", 0, 0)]
    world.do("resume")
    world.show("c")
    world.wait()
    world.learn()
    assert world.rows()[-1] == ("c", 0, 4)


def test_what_is_corrected_early_ends_as_if_it_had_waited(world):
    """Settled after two seconds and corrected by a click in the fifth."""
    world.show("a", "b")
    world.wait(4)
    world.learn()
    assert world.rates("a", "b") == [(0, 1), (0, 1)]
    world.click(world.shown[0])
    world.wait()
    world.learn()
    assert world.rates("a", "b") == [(1, 0), (0, 1)]
    assert (world.snapshot.version, world.snapshot.observations) == (2, 2)
    assert world.rows() == [("a", 0, 1), ("a", 1, 2), ("b", 0, 1)]


def test_a_late_correction_is_learnt_once_though_nothing_is_in_the_log(world):
    world.show("a", "b")
    world.wait()
    world.learn()
    reads = world.snapshot.read
    world.correct(world.shown[0], "a", 1)
    world.learn()
    assert world.rates("a", "b") == [(1, 0), (0, 1)]
    world.correct(world.shown[0], "a", 0, correction=2)
    world.learn()
    assert world.rates("a", "b") == [(0, 1), (0, 1)]
    taken = world.store.corrections(waiting=False)
    assert [one.read for one in taken] == [reads, reads]
    assert [one.snapshot for one in taken] == [2, 3]
    snapshot = world.snapshot
    assert (snapshot.ready, snapshot.accepted, snapshot.observations) == (None, None, 2)
    counts = world.store.progress().counts["home"]
    assert (counts["events_late"], counts["events_corrected"]) == (-2, 2)


def test_more_corrections_than_a_commit_takes_are_all_taken(world, monkeypatch):
    monkeypatch.setattr("tamesu.engine.corrected.MOST", 2)
    assert MOST > 2, "the real bound"
    world.show("a", "b", "c", "a", "b")
    world.wait()
    world.learn()
    for identity, arm in zip(world.shown, "abcab", strict=True):
        world.correct(identity, arm, 1)
    world.learn()
    assert world.rates("a", "b", "c") == [(2, 0), (2, 0), (1, 0)]
    assert len({file.name for file in world.store.files(Holds.OBSERVATIONS)}) == 4


def test_a_correction_of_a_bandit_that_does_not_learn_waits_with_the_rest(world):
    world.show("a", "b")
    world.wait()
    world.learn()
    world.do("freeze")
    world.correct(world.shown[0], "a", 1)
    world.learn()
    assert world.rates("a") == [(0, 1)]
    assert world.rows()[1] == ("a", 1, 0)
    world.do("resume")
    assert world.rates("a") == [(1, 0)]


def test_what_is_deferred_outlives_trainers(world):
    world.show("a", clicked="a")
    world.wait()
    world.learn()
    world.do("freeze")
    for _ in range(2):
        world.show("b", clicked="b")
        world.wait()
        world.learn()
    deferred = world.store.deferred("home")
    assert (deferred.observations, world.snapshot.observations) == (3, 1)
    assert world.rates("a", "b", state=deferred.state) == [(1, 0), (2, 0)]
    world.do("resume")
    assert world.store.deferred("home") is None
    assert world.rates("a", "b") == [(1, 0), (2, 0)]


def test_corrections_of_what_a_rollback_forgot_take_nothing_back(world):
    """The click comes after the rollback, the observation came before it."""
    world.show("a", clicked="a")
    world.wait()
    world.learn()
    world.show("b", "c")
    world.wait(4)
    world.learn()
    world.do("rollback", {"version": 1})
    world.click(world.shown[1])
    world.wait(1)
    world.show("c")
    world.wait()
    world.learn()
    world.correct(world.shown[2], "c", 1)
    world.do("resume")
    assert world.rates("a", "b", "c") == [(1, 0), (0, 0), (0, 1)]
    assert [row for row in world.rows() if row[0] == "b"] == [("b", 0, 2), ("b", 1, 0)]


def test_a_store_that_lost_what_was_deferred_is_not_learnt_upon(world, monkeypatch):
    world.show("a")
    world.wait()
    world.learn()
    world.do("freeze")
    monkeypatch.setattr(world.store, "deferred", lambda _: None)
    world.show("b")
    world.wait()
    with pytest.raises(Corrupt):
        world.learn()


def test_a_new_declaration_is_there_with_its_first_snapshot(world):
    effect = world.do("declare", world.declare(arms=["c", "d"]))
    declared = world.store.declarations()["home"]
    assert (declared.number, declared.declaration.arm_ids) == (2, ("c", "d"))
    assert declared.declaration.seed == 7
    assert effect.told["number"] == world.snapshot.declaration == 2
    assert world.store.declared("home", 1).arm_ids == ("a", "b", "c")
    world.show("d", clicked="d", number=2)
    world.show("a", clicked="a", number=1)
    world.wait()
    world.learn()
    assert world.rates("a", "d") == [(1, 0), (1, 0)]


def test_a_warm_declaration_waits_for_its_archive_and_others_do_not_wait_for_it(world, monkeypatch):
    monkeypatch.setattr("tamesu.engine.warming.SLICE_ROWS", 1)
    world.store.declare(Declaration.parse({**HOME, "name": "shop"}), world.clock.now())
    for _ in range(5):
        world.show("a", "b", clicked="a")
        world.wait()
        world.learn()
    engine = world.trainer()
    first = world.ask("declare", world.declare(warm=True, **OTHER_BELIEF))
    behind = world.ask("freeze")
    other = world.store.ask("shop", "freeze", {}, world.clock.now()).number
    engine.step()
    effects = [world.store.command(number).effect for number in (first, behind, other)]
    assert effects[0] is effects[1] is None
    assert effects[2].refusal is None
    world.show("c", clicked="c")
    world.wait()
    engine.catch_up()
    told = world.store.command(first).effect.told
    assert (told["state"], told["observations"]) == ("warm", 11), "what came meanwhile is in it"
    assert world.rates("a", "b", "c") == [(5, 0), (0, 5), (1, 0)]
    assert world.store.command(behind).effect.snapshot == world.snapshot.version
    assert world.snapshot.status is Status.FROZEN


def test_an_archive_that_cannot_be_read_refuses_the_warm_one_and_stops_nobody(world, monkeypatch):
    world.show("a", clicked="a")
    world.wait()
    world.learn()

    def torn(_):
        raise Corrupt("a torn file")

    monkeypatch.setattr(world.archive, "read", torn)
    number = world.ask("declare", world.declare(warm=True, **OTHER_BELIEF))
    cold = world.ask("declare", world.declare(**OTHER_BELIEF))
    world.show("b", clicked="b")
    world.wait()
    world.learn()
    assert world.store.command(number).effect.refusal.code == "corrupt"
    assert world.store.command(cold).effect.told["state"] == "new"


def test_files_that_are_merged_while_a_state_warms_up_count_once(world, monkeypatch):
    monkeypatch.setattr("tamesu.engine.warming.SLICE_ROWS", 1)
    for _ in range(3):
        world.show("a", clicked="a")
        world.wait()
        world.learn()
    engine = world.trainer()
    number = world.ask("declare", world.declare(warm=True, **OTHER_BELIEF))
    engine.step()
    files = world.store.files(Holds.OBSERVATIONS)
    merged = world.archive.merge("merged", files)
    world.store.arrange(engine_lease(world), [merged], files)
    engine = world.trainer()
    engine.catch_up()
    assert world.store.command(number).effect.told["observations"] == 3


def engine_lease(world):
    return world.store.takeover("inline", world.clock.now(), HOUR_US)


def test_one_made_again_begins_anew(world):
    world.show("a", "b", clicked="a")
    world.do("arms", {"add": ["d"]})
    world.wait()
    world.do("delete")
    old = world.snapshot
    world.show("c", clicked="c")
    world.wait()
    world.learn()
    assert world.snapshot == old, "nothing is learnt any more"
    assert world.rows()[-1] == ("c", 0, 0), "it is archived all the same"
    again = Declaration.parse({**HOME, "arms": ["c", "e"]})
    world.store.declare(again, world.clock.now(), 2)
    world.show("c", clicked="c", number=1)
    world.show("e", clicked="e", number=2)
    world.wait()
    world.learn()
    snapshot = world.snapshot
    assert (snapshot.version, snapshot.declaration) == (old.version + 1, 2)
    assert world.rates("a", "b", "c", "e") == [(0, 0), (0, 0), (0, 0), (1, 0)]
    assert world.store.roster("home", snapshot.roster).ids == ("c", "e")
    world.do("declare", world.declare(2, warm=True, **OTHER_BELIEF))
    assert world.rates("a", "e") == [(0, 0), (1, 0)], "what was deleted warms nobody up"


def test_what_is_set_aside_is_kept_as_it_stood(world):
    world.show("a")
    keys = [world.shown[0], "nobody.1.x", world.shown[0], ""]
    drafts = [Draft(key, Kind.EVENT.value, b"{%d" % n) for n, key in enumerate(keys)]
    world.log.append([*drafts[:2], *[TICK] * 200, *drafts[2:]])
    world.wait()
    world.learn()
    files = world.store.files(Holds.ASIDE)
    kept = [one for each in world.archive.read_aside(files) for one in each]
    assert sorted(file.bandit for file in files) == ["", "home"]
    assert sorted(one.entry.body for one in kept) == [draft.body for draft in drafts]
    assert all(one.aside.offset == one.entry.offset for one in kept)
    assert {one.aside.why for one in kept} == {"poison"}
    before = len(files)
    world.wait()
    world.learn()
    assert len(world.store.files(Holds.ASIDE)) == before


def test_a_flood_of_poison_is_committed_before_it_fills_the_memory(world, monkeypatch):
    monkeypatch.setattr("tamesu.engine.learner.MOST_ASIDE", 10)
    world.log.append([Draft("x", Kind.EVENT.value, b"?")] * 25)
    assert world.trainer().step() == 25
    assert sum(file.rows for file in world.store.files(Holds.ASIDE)) == 25


# Killed ---------------------------------------------------------------------------------------------


def learning(world):
    """Two versions, and more to learn."""
    world.show("a", "b", clicked="a")
    world.wait()
    world.learn()
    world.show("c", clicked="c")
    world.wait()
    world.learn()


def frozen(world):
    learning(world)
    world.do("freeze")
    world.show("b", clicked="b")
    world.wait()
    world.learn()


def rolled_back(world):
    learning(world)
    world.do("rollback", {"version": 1})
    world.show("b", clicked="b")
    world.wait()
    world.learn()


def deleted(world):
    frozen(world)
    world.do("delete")


def made_again(world):
    deleted(world)
    world.store.declare(world.home, world.clock.now(), 2)
    world.show("a", number=2)


WHILE = {
    "freeze": (learning, [("freeze", None)]),
    "freeze and resume": (learning, [("freeze", None), ("resume", None)]),
    "resume": (frozen, [("resume", None)]),
    "resume after a rollback": (rolled_back, [("resume", None)]),
    "rollback": (learning, [("rollback", {"version": 1})]),
    "rollback of what is frozen": (frozen, [("rollback", {"version": 0})]),
    "declare": (learning, [("declare", {"description": "new", "arms": ["a", "d"]})]),
    "declare anew": (learning, [("declare", OTHER_BELIEF)]),
    "declare warm": (learning, [("declare", {**OTHER_BELIEF, "warm": True}), ("freeze", None)]),
    "delete": (frozen, [("delete", None)]),
    "made again": (made_again, [("arms", {"add": ["d"]})]),
    "nothing": (rolled_back, []),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", WHILE)
def test_a_trainer_killed_at_any_port_call_leaves_what_a_clean_run_leaves(case, when):
    """Commands in flight, observations and corrections due, and records to be set aside."""
    clean = in_flight(case)
    clean.learn()
    expected = clean.everything()
    assert not expected["waiting"]
    n = 0
    while True:
        n += 1
        world = in_flight(case)
        faults = CrashAfter(n, when)
        with contextlib.suppress(Crash):
            world.trainer(faults).catch_up()
        world.learn()
        assert world.everything() == expected, f"killed {when} {faults.calls[-1]}, call {n}"
        if not faults.crashed:
            break
    assert n > 10, "there were calls to crash at"


@pytest.mark.parametrize("case", WHILE)
def test_files_and_tables_keep_what_memory_keeps(case, tmp_path):
    """The same life over SQLite and Parquet, its trainer killed now and then."""
    clean = in_flight(case)
    clean.learn()
    settings = Settings(data=str(tmp_path))
    with closing(open_store(settings)) as store:
        world = in_flight(case, World(store=store, archive=open_archive(settings)))
        for n in (6, 12, 14):
            with contextlib.suppress(Crash):
                world.trainer(CrashAfter(n, "after")).catch_up()
        world.learn()
        assert world.everything() == clean.everything()


def in_flight(case, world=None):
    before, commands = WHILE[case]
    world = world or World()
    before(world)
    world.show("a", "b", clicked="b")
    world.wait(3)
    world.click(world.shown[-2])
    world.log.append([Draft(world.shown[0], Kind.EVENT.value, b"poison")])
    world.wait()
    world.correct(world.shown[0], "a", 0)
    for kind, body in commands:
        said = world.declare(**body) if kind == "declare" else body
        world.ask(kind, msgspec.json.decode(msgspec.json.encode(said)))
    return world
