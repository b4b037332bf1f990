"""The fold equals the oracle: on any log, batching, interleaving of partitions and crash."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from logs import BY_TERM, CASCADE, EARLY, FINAL, REWARDS, Log, lookup, make_log

from tamesu.base import Aside, Entry, Observation, SetAside, Time
from tamesu.base.counts import merge
from tamesu.join import Checkpoint, Fold, oracle, table


@dataclass
class Committed:
    """What an engine has kept of a fold, and how it reads, crashes and goes on."""

    log: Log
    checkpoint: bytes = b""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def start(self) -> Fold:
        checkpoint = Checkpoint.from_bytes(self.checkpoint)
        offsets = checkpoint.offsets or (0,) * len(self.log.partitions)
        self.read = [
            sum(entry.offset < offset for entry in entries)
            for offset, entries in zip(offsets, self.log.partitions, strict=True)
        ]
        return Fold(lookup, checkpoint, partitions=len(self.log.partitions))

    def seen(self) -> list[Entry]:
        """Every entry from before the committed read offsets."""
        marks = Checkpoint.from_bytes(self.checkpoint).marks
        return [
            entry
            for mark, entries in zip(marks, self.log.partitions, strict=bool(marks))
            for entry in entries
            if entry.offset < mark.read
        ]

    def commit(self, fold: Fold) -> None:
        emitted = fold.advance()
        self.checkpoint = fold.checkpoint().to_bytes()
        self.counts = merge(self.counts, emitted.counts)
        self.observations += [row for batch in emitted.observations for row in batch.rows()]
        self.aside += emitted.aside
        if not fold.rebuilding:
            self.check(fold)

    def check(self, fold: Fold) -> None:
        """At every moment: conservation, and the oracle of what was read."""
        watermark = Time(-1) if fold.watermark is None else fold.watermark
        expected = oracle(self.seen(), lookup, watermark)
        assert nonzero(self.counts) == nonzero(expected.counts)
        assert by_delivery(self.observations) == by_delivery(expected.observations)
        for bandit, counts in self.counts.items():
            assert table(counts)["difference"] == 0
            for why in Aside:
                mine = [one for one in self.aside if (one.bandit, one.why) == (bandit, why)]
                assert len(mine) == sum(
                    counts.get(f"{of}_{why}", 0) for of in ("decisions", "events")
                )
                assert len({(one.partition, one.offset) for one in mine}) == len(mine)


def nonzero(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    kept = {name: {key: n for key, n in mine.items() if n} for name, mine in counts.items()}
    return {name: mine for name, mine in kept.items() if mine}


def by_delivery(rows: list[Observation]) -> list[Observation]:
    return sorted(rows, key=lambda row: (row.decision_id, row.position, row.correction))


def run(log: Log, rng: random.Random, crashes: bool) -> Committed:
    """Reads `log` to its end in pieces, from any partition, crashing anywhere."""
    kept = Committed(log)
    fold = kept.start()
    while any(read < len(rows) for read, rows in zip(kept.read, log.partitions, strict=True)):
        pushed: list[Entry] = []
        for _ in range(rng.choice([1, 1, 2])):
            partition = rng.randrange(len(log.partitions))
            start = kept.read[partition]
            piece = log.partitions[partition][start : start + rng.choice([0, 1, 2, 7, 40])]
            kept.read[partition] += len(piece)
            pushed += piece
        fold.push(pushed)
        fate = rng.random()
        if fate < 0.6:
            kept.commit(fold)
        if crashes and fate > 0.85:
            if fate > 0.95:
                fold.advance()  # and the commit is lost
            fold = kept.start()
    kept.commit(fold)
    return kept


@pytest.mark.timeout(600)
@settings(max_examples=4 * settings().max_examples)
@given(
    seed=st.integers(0, 2**32),
    records=st.sampled_from([3, 10, 30, 60, 60]),
    partitions=st.integers(1, 3),
    crashes=st.booleans(),
    names=st.sampled_from(
        [tuple(FINAL), tuple(EARLY), tuple(CASCADE), tuple(BY_TERM), tuple(REWARDS)]
    ),
)
def test_any_reading_of_a_log_gives_what_the_oracle_gives(
    seed, records, partitions, crashes, names
):
    """Laws 1 to 4 and 6: at every commit the fold has given and counted what the oracle says."""
    rng = random.Random(seed)
    log = make_log(rng, records, partitions, names)
    kept = run(log, rng, crashes)
    assert kept.seen() == log.whole()
    for name in {name for counts in kept.counts.values() for name, n in counts.items() if n}:
        event(name)
    for row in kept.observations:
        if row.correction:
            event(f"correction {min(row.correction, 3)}")
