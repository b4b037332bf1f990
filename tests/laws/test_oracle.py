"""What the oracle itself must obey, on random logs: it is what everything else is measured by."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import pairwise

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st
from logs import CASCADE, EARLY, MS, REWARDS, T0_MS, Log, lookup, make_log

from tamesu.base import Duration, Entry, Kind, Observation, Outcome, Reward, Time, decode_decision
from tamesu.base.grid import to_grid
from tamesu.join import UNFIT, oracle, table
from tamesu.join.record import Poison, read_decision, read_event

Delivered = dict[tuple[str, int], list[Observation]]

END = Time((T0_MS + 10**7) * MS)
"""By then everything is final."""

logs = st.builds(
    lambda seed, records, partitions: make_log(random.Random(seed), records, partitions),
    st.integers(0, 2**32),
    st.sampled_from([3, 10, 30, 60]),
    st.integers(1, 3),
)
early_logs = st.builds(
    lambda seed, records: make_log(random.Random(seed), records, 1, tuple(EARLY)),
    st.integers(0, 2**32),
    st.sampled_from([3, 10, 30, 60]),
)
cascade_logs = st.builds(
    lambda seed, records: make_log(random.Random(seed), records, 1, tuple(CASCADE)),
    st.integers(0, 2**32),
    st.sampled_from([10, 30, 60, 60]),
)


def final(bandit: str, declaration: int) -> Reward | None:
    """The same clauses with `settle = W`."""
    reward = lookup(bandit, declaration)
    if reward is None:
        return None
    return msgspec.structs.replace(reward, settle=Duration(reward.longest_us))


def by_delivery(rows: list[Observation]) -> Delivered:
    """The rows of each delivery, as they were made."""
    found: Delivered = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.correction):
        found[row.decision_id, row.position].append(row)
    return found


def prefix(log: Log, rng: random.Random) -> tuple[list[Entry], Time]:
    """What was read of a log at some moment, and the watermark then."""
    read = [entries[: rng.randint(0, len(entries))] for entries in log.partitions]
    newest = [entries[-1].received if entries else -1 for entries in read]
    return [entry for entries in read for entry in entries], Time(min(newest) * MS)


def is_poison(entry: Entry) -> bool:
    """Whether a record cannot be used as it was received; received again, it may be good."""
    try:
        (read_decision if entry.kind == Kind.DECISION else read_event)(entry, lookup)
    except Poison:
        return True
    return False


@settings(max_examples=2 * settings().max_examples)
@given(log=logs, late=st.booleans())
def test_settling_early_ends_where_settling_with_the_window_does(log, late):
    """Law 3 of settling: the last row of every delivery has the same outcome, reward and terms."""
    early = by_delivery(oracle(log.whole(), lookup, END, late=late).observations)
    whole = by_delivery(oracle(log.whole(), final, END, late=late).observations)
    assert early.keys() == whole.keys()
    for key, rows in early.items():
        last, expected = rows[-1], whole[key][-1]
        assert (last.outcome, last.reward, last.terms, last.decided) == (
            expected.outcome,
            expected.reward,
            expected.terms,
            expected.decided,
        )
        if len(rows) > 1:
            event("corrected")


@settings(max_examples=2 * settings().max_examples)
@given(log=logs, late=st.booleans())
def test_rows_of_a_delivery_follow_each_other(log, late):
    """k counts from 0; each replaces what the one before said; time does not fall."""
    for rows in by_delivery(oracle(log.whole(), lookup, END, late=late).observations).values():
        assert [row.correction for row in rows] == list(range(len(rows)))
        assert rows[0].previous_reward is None
        for before, row in pairwise(rows):
            observed = before.outcome is Outcome.OBSERVED
            assert row.previous_reward == (before.reward if observed else None)
            told = observed and "-told" in row.decision_id
            assert row.previous_terms == (before.terms if told else None)
            cascade = row.decision_id.startswith("fall")
            assert row.outcome is Outcome.OBSERVED or cascade
            assert row.closed >= before.closed
            assert (row.reward, row.terms, row.outcome) != (
                before.reward,
                before.terms,
                before.outcome,
            )


@settings(max_examples=2 * settings().max_examples)
@given(log=logs, seed=st.integers(0, 2**32), late=st.booleans())
def test_reading_on_only_adds_rows(log, seed, late):
    """What was given at any moment stands, however much of the log was read by then."""
    read, watermark = prefix(log, random.Random(seed))
    now = by_delivery(oracle(read, lookup, watermark, late=late).observations)
    then = by_delivery(oracle(log.whole(), lookup, END, late=late).observations)
    for key, rows in now.items():
        assert rows == then[key][: len(rows)]
        if len(rows) < len(then[key]):
            event("more came")


@given(log=logs, seed=st.integers(0, 2**32))
def test_every_record_is_in_one_class_at_every_moment_and_late_corrections_move_some(log, seed):
    """Conservation, and that the moves of late corrections are the difference they make."""
    read, watermark = prefix(log, random.Random(seed))
    for entries, moment in ((read, watermark), (log.whole(), END)):
        told = oracle(entries, lookup, moment).counts
        later = oracle(entries, lookup, moment, late=True).counts
        for counts in (*told.values(), *later.values()):
            assert table(counts)["difference"] == 0
        for name, counts in told.items():
            changed = Counter(later[name])
            changed.subtract(counts)
            moved = {key for key, number in changed.items() if number}
            assert moved <= {
                "events_late",
                "events_unseen",
                "events_corrected",
                "deliveries_unshown",
                "deliveries_observed",
                *(["deliveries_unexamined"] if name.startswith("fall") else []),
            }


@settings(max_examples=2 * settings().max_examples)
@given(log=cascade_logs, seed=st.integers(0, 2**32), late=st.booleans())
def test_a_cascade_is_told_whole_and_only_down_to_its_first_click(log, seed, late):
    """At any moment: all deliveries or none; down to the first click observed, below it unexamined."""
    entries, watermark = prefix(log, random.Random(seed))
    read = oracle(entries, lookup, watermark, late=late)
    sizes: dict[str, int] = {}
    for entry in entries:
        if entry.kind == Kind.DECISION and not is_poison(entry):
            sizes.setdefault(entry.key, len(decode_decision(entry.body).deliveries))
    told: dict[str, dict[int, list[Observation]]] = defaultdict(dict)
    for (key, position), rows in by_delivery(read.observations).items():
        told[key][position] = rows
    for key, deliveries in told.items():
        bandit, number, _ = key.split(".")
        default = to_grid(REWARDS[bandit, int(number)].default)
        assert len({rows[0].closed for rows in deliveries.values()}) == 1
        assert len(deliveries) == sizes[key]
        now = {position: rows[-1] for position, rows in deliveries.items()}
        clicked = [
            position
            for position, row in now.items()
            if row.outcome is Outcome.OBSERVED and row.reward > default
        ]
        assert len(clicked) <= 1
        for position, row in now.items():
            below = bool(clicked) and position > clicked[0]
            if row.outcome is not Outcome.UNSHOWN:
                assert row.outcome is (Outcome.UNEXAMINED if below else Outcome.OBSERVED)
            if row.outcome is Outcome.UNEXAMINED:
                assert row.reward == 0
                event("unexamined")
        retracted = [
            row
            for rows in deliveries.values()
            for row in rows
            if row.outcome is Outcome.UNEXAMINED and row.previous_reward is not None
        ]
        event("retracted" if retracted else "stands")
    made = Counter[str]()
    for counts in read.counts.values():
        made.update(counts)
    assert made["deliveries_made"] - made["deliveries_open"] == sum(map(len, told.values()))


@given(log=early_logs, late=st.booleans())
def test_whatever_comes_again_changes_no_row(log, late):
    """Repeats of decisions and events are known by their ids, wherever they come in the log."""
    entries = log.whole()
    again = [entry for entry in entries for _ in range(2)]
    last = entries[-1].received
    again += [entry._replace(received=last) for entry in entries if not is_poison(entry)]
    doubled = [entry._replace(offset=offset) for offset, entry in enumerate(again)]
    once = [entry._replace(offset=2 * number) for number, entry in enumerate(entries)]
    told = oracle(once, lookup, END, late=late).observations
    assert oracle(doubled, lookup, END, late=late).observations == told


@given(log=logs, seed=st.integers(0, 2**32))
def test_partitions_may_be_read_in_any_interleaving(log, seed):
    entries = log.whole()
    shuffled = random.Random(seed).sample(entries, len(entries))
    assert oracle(shuffled, lookup, late=True) == oracle(entries, lookup, late=True)


def test_the_logs_hold_every_class_stage_and_kind_of_row():
    """What the laws above are about does occur: a law on logs without it says nothing."""
    classes: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for seed in range(200):
        log = make_log(random.Random(seed), 60, 2)
        told = oracle(log.whole(), lookup, END, late=True)
        for counts in told.counts.values():
            classes.update(counts)
        for row in told.observations:
            bandit = row.decision_id.split(".", maxsplit=1)[0]
            rows[f"{bandit} {'first' if not row.correction else 'correction'}"] += 1
    # What is unfit is told by whoever learns: no context of these logs is looked at.
    held = {"events_held", "deliveries_open", UNFIT}
    assert set(classes) >= {f"deliveries_{name}" for name in table({})["deliveries"]} - held
    assert set(classes) >= {f"events_{name}" for name in table({})["events"]} - held
    corrected = {name for name, _ in REWARDS} - {"long"}  # final after its late horizon
    assert {f"{name} correction" for name in corrected} <= set(rows)
    assert min(rows.values()) >= 2
