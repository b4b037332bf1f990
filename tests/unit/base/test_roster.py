"""Rosters: what a change makes of them, whatever it asks and in whatever order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    Arm,
    ArmsChange,
    Conflict,
    Declaration,
    InvalidInput,
    NotFound,
    Roster,
    Time,
    plain,
)
from tamesu.base import roster as roster_module

NOW = Time(1_700_000_000_000_000)
IDS = [f"arm-{n}" for n in range(8)]


def roster(*active, retired=()):
    return Roster(
        bandit="home",
        number=3,
        created=NOW,
        active=tuple(Arm(id=arm) for arm in active),
        retired=tuple(Arm(id=arm) for arm in retired),
    )


def changed(before, least=1, **change):
    return before.changed(ArmsChange.parse(change), Time(NOW + 1), least)


changes = st.one_of(
    st.fixed_dictionaries(
        {"sync": st.lists(st.sampled_from(IDS), unique=True, min_size=1), "force": st.just(True)}
    ),
    st.tuples(
        st.lists(st.sampled_from(IDS[:5]), unique=True),
        st.lists(st.sampled_from(IDS[5:]), unique=True),
    )
    .filter(any)
    .map(lambda pair: {"add": pair[0], "retire": pair[1]}),
)


@given(st.lists(changes, max_size=8))
def test_a_roster_is_what_plain_sets_say(asked):
    """Active and retired part the arms that ever were; a change of nothing is the same roster."""
    now, active, ever = roster(*IDS[4:]), set(IDS[4:]), set(IDS[4:])
    for change in asked:
        wanted = set(change.get("sync", active - {*change.get("retire", ())})) | {
            *change.get("add", ())
        }
        before = now
        if not wanted:
            with pytest.raises(Conflict):
                changed(now, **change)
            continue
        now, told = changed(now, **change)
        assert (now is before) == (wanted == active)
        assert now.number == before.number + (wanted != active)
        assert told.added == len(wanted - ever)
        assert told.revived == len((wanted - active) & ever)
        assert told.retired == len(active - wanted)
        assert told.changed == 0
        stayed = [arm for arm in before.ids if arm in wanted]
        assert list(now.ids[: len(stayed)]) == stayed, "those that stay keep their order"
        active, ever = wanted, ever | wanted
        assert set(now.ids) == active
        assert {arm.id for arm in now.retired} == ever - active
        assert len(now.ids) + len(now.retired) == len(ever), "nobody stands twice"


@given(
    active=st.lists(st.sampled_from(IDS), unique=True),
    retired=st.lists(st.sampled_from(IDS), unique=True),
    declared=st.lists(st.sampled_from(IDS), unique=True, min_size=1),
)
def test_a_declaration_makes_the_arms_its_own(active, retired, declared):
    """Its arms are active, in its order; whatever else there was is retired, and nothing is lost."""
    retired = [arm for arm in retired if arm not in active]
    before = roster(*active, retired=retired)
    declaration = Declaration.parse({"name": "home", "arms": declared})
    after, told = before.declared(declaration, Time(NOW + 1))
    assert list(after.ids) == declared
    gone = [arm for arm in active if arm not in declared]
    listed = [arm for arm in retired if arm not in declared]
    assert [arm.id for arm in after.retired] == [*listed, *gone]
    assert told.retired == len(gone)
    assert told.revived == len({*declared} & {*retired})
    assert told.added + told.revived + len({*declared} & {*active}) == len(declared)
    assert (told.changed, after.number, after.created) == (0, before.number + 1, NOW + 1)


def test_a_declared_arm_has_the_metadata_that_it_is_declared_with():
    before = roster("a", "b", retired=["c"])
    arms = [{"id": "a", "metadata": {"n": 1}}, "b", {"id": "c", "metadata": {"n": 2}}]
    after, told = before.declared(Declaration.parse({"name": "home", "arms": arms}), NOW)
    assert [arm.metadata for arm in after.active] == [{"n": 1}, {}, {"n": 2}]
    assert (told.changed, told.revived) == (1, 1)


def test_metadata_stays_until_it_is_said_anew():
    first, told = changed(roster("a"), add=[{"id": "a", "metadata": {"x": 1}}])
    assert told.changed == 1
    assert changed(first, add=["a"])[0] is first
    assert changed(first, add=[{"id": "a", "metadata": {"x": 1}}])[0] is first
    gone = changed(changed(first, add=["b"])[0], retire=["a"])[0]
    assert gone.retired[0].metadata == {"x": 1}
    assert changed(gone, add=["a"])[0].active[-1] == Arm(id="a", metadata={"x": 1})
    assert changed(gone, add=[{"id": "a", "metadata": {}}])[0].active[-1] == Arm(id="a")


def test_a_roster_never_shrinks_below_what_a_decision_delivers():
    three = roster("a", "b", "c")
    with pytest.raises(Conflict, match="must keep 2 active arms"):
        changed(three, least=2, retire=["a", "b"])
    with pytest.raises(Conflict, match="must keep 2 active arms"):
        changed(three, least=2, sync=["a"], force=True)
    assert changed(three, least=2, retire=["a", "b"], add=["d"])[0].ids == ("c", "d")


def test_half_of_the_arms_may_go_with_a_sync_and_no_more():
    four = roster("a", "b", "c", "d")
    assert changed(four, sync=["a", "b"])[1].retired == 2
    with pytest.raises(Conflict, match="3 of 4"):
        changed(four, sync=["a"])
    with pytest.raises(Conflict, match="4 of 4"):
        changed(four, sync=["w", "x", "y", "z"])
    assert changed(four, sync=["a"], force=True)[1].retired == 3


def test_what_was_never_there_cannot_be_retired_and_what_is_retired_can():
    before = roster("a", "b", retired=["c"])
    with pytest.raises(NotFound, match="'d'"):
        changed(before, retire=["a", "d"])
    assert changed(before, retire=["c"])[0] is before


def test_a_roster_holds_so_many_arms_and_lists_so_many_retired(monkeypatch):
    monkeypatch.setattr(roster_module, "MAX_ARMS", 3)
    monkeypatch.setattr(roster_module, "MOST_RETIRED", 2)
    with pytest.raises(InvalidInput, match="at most 3 active arms, got 4"):
        changed(roster("a", "b", "c"), add=["d"])
    full = roster("a", "b", "c", retired=["x", "y"])
    assert [arm.id for arm in changed(full, retire=["a"])[0].retired] == ["y", "a"]
    assert changed(full, add=["d"], retire=["a"])[0].ids == ("b", "c", "d")


def test_all_metadata_together_is_bounded(monkeypatch):
    monkeypatch.setattr(roster_module, "MAX_ALL_BYTES", 40)
    ten = {"metadata": {"x": "1234567890"}}  # 18 bytes
    two = changed(roster("a"), add=[{"id": "b", **ten}, {"id": "c", **ten}])[0]
    with pytest.raises(InvalidInput, match="may have 40 bytes, got 54"):
        changed(two, add=[{"id": "d", **ten}])
    assert changed(two, retire=["a"])[1].retired == 1, "what is there may always shrink"


@pytest.mark.parametrize(
    "metadata",
    [{"x": float("nan")}, {"x": float("inf")}, {"x": {1: 2}}, {"x": {1, 2}}, {"x": b"1"}, {1: 2}],
)
def test_metadata_is_plain_json(metadata):
    with pytest.raises(InvalidInput):
        ArmsChange.parse({"add": [{"id": "a", "metadata": metadata}]})


@pytest.mark.parametrize("change", [{"add": ["a"], "force": "\ud800"}, {"sync": "\ud800"}])
def test_half_of_a_surrogate_pair_is_refused(change):
    with pytest.raises(InvalidInput, match="the body must hold texts that UTF-8 can write"):
        ArmsChange.parse(change)


def test_a_change_survives_being_written_out():
    for data in (
        {"add": ["a", {"id": "b", "metadata": {}}, 3], "retire": ["c", 4]},
        {"sync": ["a"], "force": True},
    ):
        change = ArmsChange.parse(data)
        assert ArmsChange.parse(msgspec.json.decode(msgspec.json.encode(plain(change)))) == change


@pytest.mark.parametrize(
    ("arm", "got"), [("x" * 201, "201 characters"), ("a\n", "'a\\\\n'"), ("", "''")]
)
def test_an_id_that_cannot_be_is_refused_with_what_is_wrong_with_it(arm, got):
    with pytest.raises(InvalidInput, match=f"got {got}$"):
        ArmsChange.parse({"add": [arm]})
