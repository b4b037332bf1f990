"""The catalogue: the newest snapshot is served, whatever the store does meanwhile."""

import asyncio

import pytest

from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import ArmsChange, Declaration, NotFound, Roster, Snapshot, Time, Unavailable
from tamesu.policy import compose
from tamesu.ports import Commit
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


def learnt(store, declaration, version, state=None, number=1, roster=0, rosters=()):
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
                    declaration=number,
                    version=version,
                    state=policy.encode(policy.init()) if state is None else state,
                    created=NOW,
                    watermark=NOW,
                    observations=version,
                    roster=roster,
                )
            ],
            rosters=rosters,
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
    assert asyncio.run(catalogue.renew("colours")) is None
    store.declare(colours, NOW)
    hot = asyncio.run(catalogue.renew("colours"))
    assert hot.version == 0
    assert asyncio.run(catalogue.renew("colours")) is hot
    learnt(store, colours, 1)
    assert asyncio.run(catalogue.renew("colours")).version == 1


def test_a_snapshot_of_another_declaration_is_not_served(store, catalogue, colours):
    store.declare(colours, NOW)
    learnt(store, colours, 1, number=2)
    catalogue.start()
    assert catalogue.find("colours").version == 0


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
