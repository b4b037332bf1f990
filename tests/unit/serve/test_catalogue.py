"""The catalogue: the newest snapshot is served, whatever the store does meanwhile."""

import asyncio

import pytest

from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    ArmsChange,
    Declaration,
    NotFound,
    Roster,
    Snapshot,
    Status,
    Time,
    Unavailable,
)
from tamesu.policy import compose
from tamesu.ports import Commit, Declared
from tamesu.serve.core import Catalogue, Terms

NOW = Time(1_800_000_000_000_000)


class FlakyStore:
    """A real store that can be out of reach, and counts what it is asked."""

    def __init__(self):
        self._store = MemoryStore()
        self.down = False
        self.asked = []

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def asked(*args):
            if self.down:
                raise Unavailable("the store is down")
            self.asked.append(name)
            return call(*args)

        return asked


def learnt(store, declaration, version, state=None, *, declarations=(), rosters=(), **more):
    """Commits a snapshot, as a trainer does."""
    policy = compose(declaration)
    lease = store.lease("trainer", NOW, 1_000_000)
    store.commit(
        Commit(
            lease=lease,
            checkpoint=b"",
            counts={},
            snapshots=[
                Snapshot(
                    bandit=declaration.name,
                    version=version,
                    state=policy.encode(policy.init()) if state is None else state,
                    created=NOW,
                    watermark=NOW,
                    observations=version,
                    **{"declaration": more.pop("number", 1), **more},
                )
            ],
            rosters=rosters,
            declarations=declarations,
        )
    )


@pytest.fixture
def colours(declaration):
    return Declaration.parse(declaration)


@pytest.fixture
def store():
    return FlakyStore()


@pytest.fixture
def catalogue(store):
    made = Catalogue(store, poll_s=3600)
    yield made
    made.close()


def test_a_new_bandit_is_served_from_its_prior(store, catalogue, colours):
    store.declare(colours, NOW)
    catalogue.start()
    hot = catalogue.find("colours")
    assert (hot.version, hot.declared.number, hot.broken) == (0, 1, False)
    assert sum(hot.prepared.propensities()) == pytest.approx(1)


def test_a_new_snapshot_is_swapped_in_and_the_old_object_stays_whole(store, catalogue, colours):
    store.declare(colours, NOW)
    catalogue.start()
    before = catalogue.find("colours")
    learnt(store, colours, 1)
    assert catalogue.find("colours") is before
    catalogue.refresh()
    assert catalogue.find("colours").version == 1
    assert before.version == 0
    learnt(store, colours, 2)
    learnt(store, colours, 3)
    catalogue.refresh()
    assert catalogue.find("colours").version == 3


def test_no_news_costs_one_question(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    store.asked.clear()
    catalogue.refresh()
    assert store.asked == ["versions"]


def test_a_bandit_created_elsewhere_is_found_by_name(store, catalogue, colours):
    catalogue.start()
    store.declare(colours, NOW)
    assert catalogue.find("colours") is None
    assert asyncio.run(catalogue.look("colours")).version == 0
    assert catalogue.find("colours") is not None


def test_an_unknown_name_reads_the_store_once(store, catalogue, colours):
    store.declare(colours, NOW)
    catalogue.start()
    store.asked.clear()
    with pytest.raises(NotFound, match="no bandit named 'colour' ") as told:
        asyncio.run(catalogue.look("colour"))
    assert told.value.hint == "did you mean 'colours'?"
    assert store.asked == ["declared"]


def test_a_name_that_cannot_be_does_not_reach_the_store(store, catalogue):
    catalogue.start()
    store.asked.clear()
    with pytest.raises(NotFound):
        asyncio.run(catalogue.look("../etc"))
    assert store.asked == []


def test_a_store_that_is_down_changes_nothing_but_the_age(store, catalogue, colours):
    store.declare(colours, NOW)
    catalogue.start()
    hot = catalogue.find("colours")
    store.down = True
    before = catalogue.age_s
    with pytest.raises(Unavailable):
        catalogue.refresh()
    assert catalogue.find("colours") is hot
    assert catalogue.age_s > before
    store.down = False
    aged = catalogue.age_s
    catalogue.refresh()
    assert catalogue.age_s < aged


def test_a_snapshot_that_cannot_be_read_leaves_the_last_good_one(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    learnt(store, colours, 2, state=b"no state")
    catalogue.refresh()
    assert catalogue.find("colours").version == 1
    store.asked.clear()
    catalogue.refresh()
    assert store.asked == ["versions"], "it is not read again and again"
    learnt(store, colours, 3)
    catalogue.refresh()
    assert catalogue.find("colours").version == 3


def test_without_a_good_one_the_fallback_answers_and_says_so(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1, state=b"no state")
    catalogue.start()
    hot = catalogue.find("colours")
    assert hot.broken
    assert hot.prepared.propensities().tolist() == [0.25] * 4


def test_a_snapshot_whose_roster_is_lost_leaves_the_last_good_one(store, catalogue, colours):
    """And the others go on: one damaged bandit stops nobody's news."""
    other = Declaration.parse({"name": "shapes", "arms": ["a", "b"], "seed": 1})
    for declaration in (colours, other):
        store.declare(declaration, NOW)
        learnt(store, declaration, 1)
    catalogue.start()
    learnt(store, colours, 2, roster=7)
    learnt(store, other, 2)
    catalogue.refresh()
    assert catalogue.find("colours").version == 1
    assert catalogue.find("shapes").version == 2
    store.asked.clear()
    catalogue.refresh()
    assert store.asked == ["versions"], "it is not read again and again"
    assert asyncio.run(catalogue.renew("colours")).version == 1


def test_without_a_good_one_a_lost_roster_gives_the_declared_arms_by_fallback(
    store, catalogue, colours
):
    store.declare(colours, NOW)
    learnt(store, colours, 1, roster=7)
    catalogue.start()
    hot = catalogue.find("colours")
    assert hot.broken
    assert hot.prepared.propensities().tolist() == [0.25] * 4
    store.asked.clear()
    catalogue.refresh()
    assert store.asked == ["versions"]


def test_a_roster_is_read_once_for_all_snapshots_that_name_it(store, catalogue, colours):
    store.declare(colours, NOW)
    roster = Roster.of(colours, NOW).changed(ArmsChange.parse({"add": ["white"]}), NOW)[0]
    learnt(store, colours, 1, roster=1, rosters=[roster])
    catalogue.start()
    assert catalogue.find("colours").arms == {*colours.arm_ids, "white"}
    learnt(store, colours, 2, roster=1)
    store.asked.clear()
    catalogue.refresh()
    assert catalogue.find("colours").version == 2
    assert "roster" not in store.asked


def test_a_renewed_bandit_is_loaded_where_there_is_news_and_nowhere_else(store, catalogue, colours):
    catalogue.start()
    with pytest.raises(NotFound):
        asyncio.run(catalogue.renew("colours"))
    store.declare(colours, NOW)
    hot = asyncio.run(catalogue.renew("colours"))
    assert hot.version == 0
    assert asyncio.run(catalogue.renew("colours")) is hot
    learnt(store, colours, 1)
    assert asyncio.run(catalogue.renew("colours")).version == 1


def declare_again(store, declaration, number, **changes):
    """Commits another declaration with a snapshot of its number, as a trainer does."""
    next_ = Declaration.parse({**declaration.plain(), **changes})
    learnt(store, next_, number, number=number, declarations=[Declared(number, next_, NOW)])


def test_a_declaration_is_served_with_a_snapshot_of_its_number_and_no_sooner(
    store, catalogue, colours
):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    before = catalogue.find("colours")
    declare_again(store, colours, 2, arms=["red", "white"])
    assert catalogue.find("colours") is before
    catalogue.refresh()
    hot = catalogue.find("colours")
    assert (hot.declared.number, hot.version) == (2, 2)
    assert hot.roster.ids == ("red", "white")
    assert (before.declared.number, before.version) == (1, 1)
    assert asyncio.run(catalogue.look_up_terms("colours", 1)), "its open windows are still judged"


def test_a_declaration_whose_first_snapshot_cannot_be_used_is_not_served(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    next_ = Declaration.parse({**colours.plain(), "arms": ["red", "white"]})
    declared = [Declared(2, next_, NOW)]
    learnt(store, next_, 2, state=b"no state", number=2, declarations=declared)
    catalogue.refresh()
    assert catalogue.find("colours").declared.number == 1
    learnt(store, next_, 3, number=2)
    catalogue.refresh()
    assert catalogue.find("colours").declared.number == 2


def test_a_snapshot_whose_declaration_is_lost_leaves_the_last_good_one(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    learnt(store, colours, 2, number=7)
    catalogue.refresh()
    assert catalogue.find("colours").version == 1


def test_a_snapshot_of_a_bandit_that_nobody_declared_stops_no_other(store, catalogue, colours):
    """As of a store that was put together from two."""
    other = Declaration.parse({"name": "stray", "arms": ["a", "b"], "seed": 1})
    learnt(store, other, 1)
    store.declare(colours, NOW)
    catalogue.start()
    learnt(store, colours, 1)
    catalogue.refresh()
    assert list(catalogue.held()) == ["colours"]
    assert catalogue.find("colours").version == 1
    with pytest.raises(NotFound):
        asyncio.run(catalogue.look("stray"))


def test_a_deleted_bandit_is_served_no_more_and_its_events_are_still_judged(
    store, catalogue, colours
):
    store.declare(colours, NOW)
    catalogue.start()
    learnt(store, colours, 1, status=Status.DELETED)
    catalogue.refresh()
    assert catalogue.find("colours") is None
    store.asked.clear()
    with pytest.raises(NotFound, match="'colours' was deleted at 2027") as told:
        asyncio.run(catalogue.look("colours"))
    assert "starts over" in told.value.hint
    assert store.asked == ["declared"], "one look whether it was made again"
    with pytest.raises(NotFound, match="was deleted"):
        asyncio.run(catalogue.renew("colours"))
    assert asyncio.run(catalogue.look_up_terms("colours", 1)) is not None
    store.asked.clear()
    catalogue.refresh()
    assert store.asked == ["versions"]


def test_a_server_that_starts_after_a_deletion_does_not_serve_the_bandit(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1, status=Status.DELETED)
    catalogue.start()
    assert catalogue.held() == {}


@pytest.mark.parametrize("heard", [True, False], ids=["heard of it", "never heard of it"])
def test_a_bandit_made_again_is_served_from_its_prior(store, catalogue, colours, heard):
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    learnt(store, colours, 2, status=Status.DELETED)
    if heard:
        catalogue.refresh()
    store.declare(Declaration.parse({**colours.plain(), "arms": ["a", "b"]}), NOW, 2)
    if not heard:
        catalogue.refresh()
    hot = asyncio.run(catalogue.look("colours"))
    assert (hot.version, hot.declared.number, hot.roster.ids) == (0, 2, ("a", "b"))
    store.asked.clear()
    catalogue.refresh()
    assert asyncio.run(catalogue.renew("colours")) is hot
    assert store.asked == ["versions", "versions"]
    learnt(store, hot.declared.declaration, 3, number=2)
    catalogue.refresh()
    assert catalogue.find("colours").version == 3


def test_news_of_the_same_declaration_read_no_declarations(store, catalogue, colours):
    """Of many bandits with many arms they are the most that a store can be asked for."""
    store.declare(colours, NOW)
    learnt(store, colours, 1)
    catalogue.start()
    store.asked.clear()
    learnt(store, colours, 2)
    catalogue.refresh()
    assert "declarations" not in store.asked


def test_the_status_is_the_snapshots(store, catalogue, colours):
    store.declare(colours, NOW)
    catalogue.start()
    assert catalogue.find("colours").status is Status.LEARNING
    for version, status in enumerate((Status.FROZEN, Status.ROLLED_BACK, Status.LEARNING), 1):
        learnt(store, colours, version, status=status)
        catalogue.refresh()
        assert catalogue.find("colours").status is status


def test_terms_are_read_once_per_declaration(store, catalogue, colours):
    catalogue.start()
    store.declare(colours, NOW)
    store.asked.clear()
    terms = asyncio.run(catalogue.look_up_terms("colours", 1))
    assert terms == Terms(colours.reward, 2, frozenset({"impression", "click"}))
    assert asyncio.run(catalogue.look_up_terms("colours", 1)) is terms
    assert store.asked == ["declared"]
    assert asyncio.run(catalogue.look_up_terms("colours", 2)) is None
    assert asyncio.run(catalogue.look_up_terms("colour", 1)) is None


def test_a_start_without_a_store_fails_with_its_error(store, catalogue):
    store.down = True
    with pytest.raises(Unavailable, match="the store is down"):
        catalogue.start()
