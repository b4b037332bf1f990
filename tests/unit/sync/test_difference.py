"""What a set of arms changes of those that a bandit has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Arm, ArmsChange, Conflict, Outdated, Roster, Time, WantedArm
from tamesu.sync import Standing, bring

IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)
METADATA = st.none() | st.fixed_dictionaries({"n": st.integers(0, 2)})


def roster_of(active, retired, number=3):
    return Roster(
        bandit="shop",
        number=number,
        created=Time(0),
        active=tuple(Arm(id=arm, metadata={"n": 1}) for arm in active),
        retired=tuple(Arm(id=arm, metadata={"n": 2}) for arm in retired),
    )


def standing_of(roster):
    return Standing(
        roster.number,
        {arm.id: arm.metadata for arm in roster.active},
        frozenset(arm.id for arm in roster.retired),
    )


class Kept:
    """A bandit whose roster anybody may change."""

    name = "shop"

    def __init__(self, roster, intruders=()):
        self.roster = roster
        self.intruders = list(intruders)
        self.commands = 0

    def standing(self):
        return standing_of(self.roster)

    def change(self, body):
        if self.intruders:
            self.apply(self.intruders.pop(0))
        self.commands += 1
        return self.apply(body)

    def apply(self, body):
        self.roster, counts = self.roster.changed(ArmsChange.parse(body), Time(1))
        return {"status": "applied", **counts._asdict()}


@given(
    ids=IDS.filter(bool),
    retired=st.integers(0, 8),
    wanted=st.lists(st.tuples(st.sampled_from("abcdefghij"), METADATA), unique_by=lambda w: w[0]),
)
def test_applied_a_difference_makes_exactly_the_wanted_arms_active(ids, retired, wanted):
    wanted = [WantedArm(id=id_, metadata=metadata) for id_, metadata in wanted] or [
        WantedArm(id="z")
    ]
    before = roster_of(ids[retired:], ids[:retired])
    target = Kept(before)
    synced = bring(target, wanted, source="test", limit=1.0)
    assert {arm.id for arm in target.roster.active} == {arm.id for arm in wanted}
    counts = synced.difference.counts
    assert synced.told is None or counts == {key: synced.told[key] for key in counts}
    kept = {arm.id: arm.metadata for arm in (*before.active, *before.retired)}
    for arm in target.roster.active:
        (asked,) = [each.metadata for each in wanted if each.id == arm.id]
        assert arm.metadata == (kept.get(arm.id, {}) if asked is None else asked)
    commands = target.commands
    again = bring(target, wanted, source="test", limit=0.0)
    assert again.difference.is_empty
    assert target.commands == commands


def test_more_than_the_share_is_refused_with_the_count_and_nothing_is_asked():
    target = Kept(roster_of("abcdefghij", ""))
    wanted = [WantedArm(id=arm) for arm in "abcdefg"]
    with pytest.raises(Conflict, match=r"more than 20% .* retire 3 of 10"):
        bring(target, wanted, source="test")
    with pytest.raises(Conflict):
        bring(target, wanted, source="test", dry=True)
    assert target.commands == 0
    bring(target, [*wanted, WantedArm(id="h")], source="test")
    assert target.roster.ids == tuple("abcdefgh")


def test_a_look_changes_nothing():
    target = Kept(roster_of("ab", "c"))
    synced = bring(target, [WantedArm(id="c")], source="test", limit=1.0, dry=True)
    assert synced.difference.counts == {"added": 0, "changed": 0, "revived": 1, "retired": 2}
    assert (synced.told, target.commands) == (None, 0)


def test_arms_that_somebody_else_changed_meanwhile_are_looked_at_again():
    target = Kept(roster_of("abcdef", ""), [{"add": ["x"]}, {"retire": ["a"]}])
    bring(target, [WantedArm(id=arm) for arm in "abcdef"], source="test")
    assert sorted(target.roster.ids) == list("abcdef")


def test_arms_that_never_stand_still_are_given_up():
    target = Kept(roster_of("ab", ""), [{"add": [f"x{n}"]} for n in range(99)])
    with pytest.raises(Outdated):
        bring(target, [WantedArm(id="a")], source="test", limit=1.0)
