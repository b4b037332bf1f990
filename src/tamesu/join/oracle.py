"""The oracle: the join as a slow, obvious fold of a whole log, to be checked against the rules by eye.

Each decision id by itself, by `tell`, which is `semantics.md` §4 in the order of its sentences; here
only what no id explains. Every engine must equal it on any log. Refuses to be fast.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple, cast

from tamesu.base import Entry, Kind, Observation, Reward, Time, parse_decision_id
from tamesu.base.times import MILLISECOND_US
from tamesu.join.record import Lookup, named_bandit
from tamesu.join.story import tell


class OracleResult(NamedTuple):
    """What a log comes to.

    Attributes:
        observations: every row by (closed, decision id, position, correction).
        counts: per bandit how many records ended as what, without zeros; empty text for none.
    """

    observations: list[Observation]
    counts: dict[str, dict[str, int]]


def oracle(
    entries: Sequence[Entry],
    lookup: Lookup,
    watermark: Time | None = None,
    *,
    late: bool = False,
) -> OracleResult:
    """The observations of `entries` with their corrections, and what became of every record.

    Args:
        entries: a whole log, in any interleaving of its partitions.
        lookup: the clauses of a bandit's declaration, by name and number.
        watermark: up to which moment the log is known; the log's own if not given.
        late: whether what came too late corrects, too.
    """
    log = sorted(entries, key=lambda entry: (entry.partition, entry.offset))
    if watermark is None:
        newest = {entry.partition: entry.received for entry in log}
        watermark = Time(min(newest.values(), default=0) * MILLISECOND_US)
    counts: dict[str, Counter[str]] = defaultdict(Counter)

    # By decision id; ticks say nothing of any, and a record that names no bandit is poison.
    records: dict[str, list[Entry]] = defaultdict(list)
    for entry in log:
        if entry.kind == Kind.TICK:
            continue
        if named_bandit(entry.key, lookup):
            records[entry.key].append(entry)
        else:
            kind = "decisions" if entry.kind == Kind.DECISION else "events"
            counts[""].update((f"{kind}_read", f"{kind}_poison"))

    # Each id's story.
    observations: list[Observation] = []
    for key, mine in records.items():
        said = parse_decision_id(key)
        reward = cast("Reward", lookup(said.bandit, said.declaration))
        story = tell(key, reward, mine, watermark, late=late)
        observations += [row.observation for row in story.rows]
        counts[said.bandit].update(story.counts())
    observations.sort(key=lambda row: (row.closed, row.decision_id, row.position, row.correction))
    return OracleResult(observations, {name: dict(count) for name, count in counts.items()})
