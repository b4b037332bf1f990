"""Decisions out of store and archive: each once, as it was last corrected, cut at a time, and counted."""

from __future__ import annotations

import numpy as np
import pytest
from served import PACE_US, Served, archived

from tamesu.base import Declaration, NoSupport, Observations, Time
from tamesu.base.times import DAY_US, MINUTE_US, SECOND_US
from tamesu.engine import Candidates
from tamesu.evaluate import Cut, Latest, contrast_of, estimator_of, value
from tamesu.ports import Holds

SHOP = {
    "name": "shop",
    "arms": ["a", "b", "c"],
    "seed": 7,
    "policy": {"belief": "beta"},
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s"},
}
SPAN_US = 6 * SECOND_US
"""From a decision to the last moment at which something in time may come of it."""


def even(context, arm):
    return 0.3


def served(**changes):
    return Served({**SHOP, **changes}, even)


def redeclare(one, body, number):
    """Declares it anew, upon declaration `number`."""
    declared = Declaration.parse(body).plain()
    asked = {"declaration": declared, "number": number, "warm": False}
    one.store.ask(one.name, "declare", asked, one.now())
    one.learn()


def rewards(logged):
    return dict(zip(logged.ids.tolist(), logged.rounds().reward.tolist(), strict=True))


def late(one):
    """What came too late is found and learnt."""
    for _ in range(3):
        one.rest(2 * MINUTE_US)


def test_a_decision_is_told_once_its_windows_are_closed_and_never_by_what_came_of_it():
    """However quickly a click came: of the last six seconds nothing is told."""
    one = served()
    one.serve(300, every=10)
    logged = archived(one).logged()
    known = archived(one).known
    assert logged.decided.max() <= known - SPAN_US
    told = set(logged.ids.tolist())
    for identity, decided in zip(one.truth, range(0, 300 * PACE_US, PACE_US), strict=True):
        first = int(logged.decided[0])
        assert (identity in told) == (first + decided <= known - SPAN_US)
    assert 0 < logged.left_out["open"] < 300
    assert len(logged) + logged.left_out["open"] <= 300


def test_as_of_an_earlier_moment_it_is_what_was_known_then():
    one = served()
    one.serve(200, every=10)
    early = archived(one)
    then, known = early.logged(), early.known
    one.serve(200, every=10)
    late(one)
    again = archived(one).logged(until=known)
    assert again.ids.tolist() == then.ids.tolist()
    assert rewards(again) == rewards(then)
    some = archived(one).logged(since=Time(int(then.decided[50])))
    assert 0 < some.left_out["older"] <= 50  # in files that had to be read
    assert len(some) == 350
    with pytest.raises(NoSupport, match="none is"):
        archived(one).logged(until=Time(1))


def test_files_that_are_too_old_are_not_read():
    """And nothing else is told for that: corrections of what is told lie in younger files."""
    one = served()
    for _ in range(6):
        one.serve(20)
        one.rest(MINUTE_US)
    late(one)
    decisions = archived(one)
    whole = decisions.logged()
    since = Time(int(whole.decided[70]))
    assert 1 < len(decisions.files(since)) < len(decisions.files())
    some = decisions.logged(since)
    assert some.ids.tolist() == whole.ids[70:].tolist()
    assert rewards(some) == {id_: rewards(whole)[id_] for id_ in some.ids.tolist()}
    assert 0 < some.left_out["older"] < 70


def test_the_last_correction_counts():
    """A click after the first observation was made, one after the window was closed, and one far too late."""
    one = served()
    quick, slow, overdue, never = (one.decide() for _ in range(4))
    decided = one.now()
    one.track(quick, "click")
    one.clock.move(3 * SECOND_US)
    one.learn()
    one.track(slow, "click")
    one.clock.move(10 * SECOND_US)
    one.learn()
    assert rewards(archived(one).logged()) == {quick: 1, slow: 1, overdue: 0, never: 0}
    before = archived(one).known
    one.clock.move(SECOND_US)
    one.track(overdue, "click", time=Time(decided + SECOND_US))
    late(one)
    decisions = archived(one)
    # Whoever asks what was known before does not hear of it.
    assert rewards(decisions.logged(until=before))[overdue] == 0
    assert rewards(decisions.logged()) == {quick: 1, slow: 1, overdue: 1, never: 0}
    assert decisions.rows == 6
    whole = decisions.observations(decisions.known)
    assert [len(rows) for rows in whole] == [6]
    # In the order in which it was told: what was decided since comes after a correction of what was before.
    one.decide()
    one.rest()
    decisions = archived(one)
    (rows,) = decisions.observations(decisions.known)
    assert rows.correction.tolist() == [0, 0, 0, 0, 1, 1, 0]
    assert (np.diff(rows.closed) >= 0).all()


def test_fallback_decisions_are_left_out_and_counted():
    one = served()
    one.serve(100)
    for _ in range(7):
        one.live(one.decide(fallback=True))
    one.rest()
    logged = archived(one).logged()
    assert logged.left_out["fallback"] == 7
    assert len(logged) == 100
    assert not any(one.truth[identity]["fallback"] for identity in logged.ids)


def test_what_nobody_saw_earns_nothing_and_is_said_to_be_unseen():
    one = Served({**SHOP, "reward": {**SHOP["reward"], "anchor": "impression"}}, even, shown=0.6)
    one.serve(300)
    one.rest()
    rounds = archived(one).logged().rounds()
    assert len(rounds) == 300
    seen = [known["shown"][0] for known in one.truth.values()]
    assert rounds.shown.tolist() == seen
    assert rounds.reward[~rounds.shown].tolist() == [0.0] * seen.count(False)
    assert rounds.reward.sum() == sum(known["clicked"][0] for known in one.truth.values())


def test_decisions_of_a_unit_depend_on_each_other():
    one = served()
    for unit in ("u", "v", "u", None, None, "v"):
        one.live(one.decide(unit=unit))
        one.clock.move(PACE_US)
    one.rest()
    assert archived(one).logged().rounds().cluster.tolist() == [0, 1, 0, 2, 3, 1]


def test_who_was_eligible_is_told_by_the_request_or_by_the_roster_of_its_snapshot():
    one = served()
    one.serve(60)
    one.store.ask("shop", "arms", {"add": [{"id": "d"}], "retire": ["a"]}, one.now())
    one.learn()
    one.serve(60)
    for _ in range(3):
        one.live(one.decide(eligible=["d", "b"]))
    one.rest()
    decisions = archived(one)
    logged = decisions.logged()
    for row, identity in enumerate(logged.ids.tolist()):
        assert set(logged.sets[logged.among[row]]) == set(one.truth[identity]["eligible"])
    rounds = logged.rounds()
    assert set(rounds.arms) == {"a", "b", "c", "d"}
    assert rounds.eligible.sum(axis=1).tolist() == [3] * 120 + [2] * 3
    logging = Candidates(decisions, logged).logging()
    contrast = contrast_of(rounds, logging.target)
    assert contrast.weight.tolist() == [1.0] * 123
    assert logging.told == {"apart": 0.0, "gone": 0}


def test_rewards_of_an_older_declaration_are_told_as_the_newest_gives_them():
    """Twice as much for a click; in windows of another length they are another thing, and left out."""
    one = served(policy={"belief": "gaussian"})
    one.serve(50)
    for number, change in enumerate(({"events": {"click": 2}}, {"window": "4s"}), 1):
        body = {**SHOP, "policy": {"belief": "gaussian"}, "reward": {**SHOP["reward"], **change}}
        redeclare(one, body, number)
        assert archived(one).number == number + 1
        one.serve(50)
        one.rest()
        logged = archived(one).logged()
        if number == 1:
            assert np.unique(logged.number).tolist() == [1, 2]
            for identity, reward in rewards(logged).items():
                assert reward == 2.0 * one.truth[identity]["clicked"][0]
            logging = Candidates(archived(one), logged).logging()
            assert contrast_of(logged.rounds(), logging.target).weight.tolist() == [1.0] * 100
        else:
            assert np.unique(logged.number).tolist() == [3]
            assert logged.left_out["otherwise"] == 100


def test_a_beginning_that_is_gone_in_part_is_left_out_whole():
    """Else of that time those would be left that were corrected late: the clicked ones."""
    one = served()
    first = [one.decide() for _ in range(20)]
    decided = one.now()
    one.rest(MINUTE_US)
    for identity in first[:5]:
        one.track(identity, "click", time=Time(decided + SECOND_US))
    late(one)
    one.serve(40)
    one.rest(MINUTE_US)
    one.serve(40)
    late(one)
    assert len(archived(one).logged()) == 100
    lease = one.store.takeover("inline", one.now(), DAY_US)
    gone = [file for file in one.store.files() if 0 < file.newest <= decided + 2 * MINUTE_US]
    kinds = {file.holds for file in gone}
    assert kinds == {Holds.OBSERVATIONS, Holds.RECORDS}
    one.store.arrange(lease, [], gone)
    logged = archived(one).logged()
    assert not set(first) & set(logged.ids.tolist())
    assert len(logged) == 40


def test_snapshots_that_are_kept_no_more_are_made_again_to_judge_by():
    """Their distributions are what was logged, to the bit, where nothing is forgotten; what is gone is counted."""
    one = served()
    one.serve(200, every=5)
    one.rest()
    lease = one.store.takeover("inline", one.now(), DAY_US)
    versions = [each.version for each in one.store.snapshots("shop")]
    gone = [version for version in versions if version % 7]
    assert one.store.thin(lease, "shop", gone) > 25
    decisions = archived(one)
    logged = decisions.logged()
    logging = Candidates(decisions, logged).logging()
    assert logging.told == {"apart": 0.0, "gone": 0}
    assert contrast_of(logged.rounds(), logging.target).weight.tolist() == [1.0] * 200
    one.store.arrange(lease, [], decisions.files()[:3])
    rest = archived(one).logged()
    logging = Candidates(archived(one), rest).logging()
    assert 0 < logging.told["gone"] < len(rest)
    shares = logging.target(rest.rounds())
    assert np.abs(shares.sum(axis=1) - 1.0).max() < 1e-12
    assert contrast_of(rest.rounds(), logging.target).weight.tolist() == [1.0] * len(rest)


def test_a_snapshot_is_not_judged_by_what_it_learnt_however_little_the_next_one_knew():
    """The next kept one was rolled back to an early state, and says so little of how far the one before had come."""
    one = served()
    one.serve(100, every=10)
    one.rest()
    learnt = one.store.versions()["shop"]
    one.store.ask("shop", "rollback", {"version": 2}, one.now())
    one.learn()
    one.clock.move(PACE_US)
    one.serve(50, every=10)
    one.rest()
    lease = one.store.takeover("inline", one.now(), DAY_US)
    assert one.store.thin(lease, "shop", [learnt]) == 1
    decisions = archived(one)
    logged = decisions.logged()
    judged = Candidates(decisions, logged).snapshot(learnt)
    assert len(judged.logged) == 50
    assert judged.told["observations"] == 100
    assert len(Candidates(decisions, logged).snapshot(learnt + 1).logged) > 100


def observations(one):
    decisions = archived(one)
    return decisions, decisions.observations(decisions.known)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_any_cut_and_repeats_tell_the_same(seed):
    one = served()
    one.serve(80)
    one.rest()
    decisions, whole = observations(one)
    rng = np.random.default_rng(seed)
    latest = Latest(Cut(Time(0), decisions.known, decisions.rewards))
    for rows in whole:
        order = np.concatenate([rng.permutation(len(rows)), rng.integers(len(rows), size=30)])
        for part in np.array_split(order, 7):
            latest.take(rows.take(part))
    told, expected = latest.told(), decisions.logged().told
    assert told.rows.decision_id.tolist() == expected.rows.decision_id.tolist()
    assert told.rows.reward.tolist() == expected.rows.reward.tolist()
    assert sum(latest.left_out.values()) == 0


def test_a_decision_of_which_a_part_is_gone_is_left_out_and_counted():
    one = Served({**SHOP, "layout": {"kind": "slate", "size": 2}}, even)
    one.serve(30)
    one.rest()
    decisions, (rows,) = observations(one)
    firsts = rows.correction == 0
    lost = {rows.decision_id[3], rows.decision_id[9]}
    gone = firsts & np.isin(rows.decision_id.astype(str), list(lost)) & (rows.position == 0)
    latest = Latest(Cut(Time(0), decisions.known, decisions.rewards))
    latest.take(rows.take(~gone))
    told = latest.told()
    assert latest.left_out["incomplete"] == len(lost)
    assert latest.told().rows.decision_id.tolist() == told.rows.decision_id.tolist()
    assert latest.left_out["incomplete"] == len(lost)
    assert not lost & set(told.rows.decision_id.tolist())


def test_contexts_that_do_not_fit_the_newest_schema_are_left_out_and_counted():
    one = Served(
        {**SHOP, "policy": {"belief": "linear"}, "context": {"member": "boolean"}},
        even,
        lambda rng: {"member": bool(rng.random() < 0.5)},
    )
    one.serve(40)
    changed = {**SHOP, "policy": {"belief": "linear"}}
    changed["context"] = {"member": "boolean", "device": {"type": "categorical", "values": ["x"]}}
    redeclare(one, changed, 1)
    one.draw = lambda _: {"member": True, "device": "x"}
    one.serve(40)
    one.rest()
    logged = archived(one).logged()
    assert logged.left_out["context"] == 40
    assert len(logged) == 40
    assert (
        value(
            estimator_of("ips").contributions(
                contrast_of(logged.rounds(), Candidates(archived(one), logged).logging().target)
            )
        )
        == logged.rounds().reward.mean()
    )


def test_files_that_are_merged_meanwhile_are_read_again(monkeypatch):
    one = served()
    one.serve(40, every=5)
    one.rest()
    decisions = archived(one)
    read, tries = one.archive.read, []

    def meanwhile(files):
        if not tries:
            tries.append(len(files))
            lease = one.store.takeover("inline", one.now(), DAY_US)
            merged = one.archive.merge("merged", files)
            one.store.arrange(lease, [merged], files)
            one.archive.remove([file.name for file in files])
        return read(files)

    monkeypatch.setattr(one.archive, "read", meanwhile)
    assert len(decisions.logged()) == 40
    assert tries[0] > 1


def test_nothing_is_changed():
    one = served()
    one.serve(40)
    one.rest()
    before = one.store.progress(), one.store.versions(), one.store.files()
    decisions = archived(one)
    Candidates(decisions, decisions.logged()).logging()
    assert (one.store.progress(), one.store.versions(), one.store.files()) == before
    assert isinstance(decisions.observations(decisions.known)[0], Observations)


def test_a_bandit_that_was_deleted_and_made_again_begins_anew():
    """Its decisions of before are not told, nor learnt from."""
    one = served()
    one.serve(30)
    one.rest()
    one.store.ask("shop", "delete", {}, one.now())
    one.learn()
    one.store.declare(Declaration.parse(SHOP), one.now(), 2)
    one.learn()
    one.serve(20)
    one.rest()
    decisions = archived(one)
    assert decisions.begun == 2
    logged = decisions.logged()
    assert np.unique(logged.number).tolist() == [2]
    assert logged.left_out["otherwise"] == 30
    assert sum(len(rows) for rows in decisions.observations(decisions.known)) == 20
    logging = Candidates(decisions, logged).logging()
    assert logging.told == {"apart": 0.0, "gone": 0}
