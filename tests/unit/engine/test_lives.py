"""Commands of a bandit's life, as a trainer applies them over a log, a store and an archive."""

from __future__ import annotations

import pytest
from lives import HOME, OTHER_BELIEF, World

from tamesu.base import (
    TICK,
    Corrupt,
    Declaration,
    Draft,
    Kind,
    Status,
)
from tamesu.base.times import HOUR_US
from tamesu.engine.corrected import MOST
from tamesu.ports import Holds


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
    assert world.store.declared("home", 1).declaration.arm_ids == ("a", "b", "c")
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
