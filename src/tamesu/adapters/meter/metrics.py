"""Every metric of Tamesu: name, kind, what it says, labels, buckets.

Code uses the names as they stand here; exported they start with `tamesu_`. Refuses names and labels
that are not in the table: a misspelt metric is a bug, not a new metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from tamesu.base import Bug
from tamesu.base.errors import close_match


class MetricKind(Enum):
    """What may be done with a metric: `count`, `level` or `observe`."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class LevelOf(Enum):
    """Which level several processes have together: the levels of those that live."""

    ALL = "all of them, added"
    GREATEST = "the greatest"
    LEAST = "the least"
    NEWEST = "the one set last"


class Metric(NamedTuple):
    """One row of the table.

    Attributes:
        buckets: upper bounds of a histogram's buckets, rising; none for other kinds.
        of: what a gauge says of several processes; nothing for other kinds, which add up.
    """

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    of: LevelOf = LevelOf.NEWEST

    @property
    def names(self) -> frozenset[str]:
        """Its labels, in no order."""
        return frozenset(self.labels)


def _decades(first: int, last: int) -> tuple[float, ...]:
    """Six buckets a decade, from 10^first to 10^last."""
    steps = ("1", "1.5", "2", "3", "5", "7")
    inner = [float(f"{step}e{power}") for power in range(first, last) for step in steps]
    return (*inner, float(f"1e{last}"))


FAST_S = _decades(-5, 1)
"""10 µs to 10 s: what happens within a request."""

SLOW_S = _decades(-2, 4)
"""10 ms to about three hours: what happens around the loop."""

SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)

_ALL = LevelOf.ALL
_COUNTER, _GAUGE, _HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM
_ROWS = (
    # serve
    Metric("decisions_total", _COUNTER, "Decisions made and answered, each once.", ("bandit",)),
    Metric("fallbacks_total", _COUNTER, "Decisions answered by the fallback.", ("bandit",)),
    Metric(
        "repeats_total", _COUNTER, "Requests answered with the decision of their id.", ("bandit",)
    ),
    Metric(
        "sticky_total",
        _COUNTER,
        "Requests answered with a decision that their unit had been given before.",
        ("bandit",),
    ),
    Metric(
        "unclaimed_total",
        _COUNTER,
        "Decisions answered that could not be remembered by request id or unit: the cache was down.",
        ("bandit",),
    ),
    Metric(
        "features_missed_total",
        _COUNTER,
        "Decisions made without their unit's features: they could not be looked up in time.",
        ("bandit",),
    ),
    Metric("events_total", _COUNTER, "Events accepted.", ("bandit",)),
    Metric("refused_total", _COUNTER, "Requests refused, by the error's code.", ("code",)),
    Metric("ticks_total", _COUNTER, "Ticks appended where nobody wrote."),
    Metric("decision_seconds", _HISTOGRAM, "From request to answer, append included.", (), FAST_S),
    Metric("append_seconds", _HISTOGRAM, "One append to the log, sync included.", (), FAST_S),
    Metric("append_records", _HISTOGRAM, "Records in one append.", (), SIZES),
    Metric(
        "queue_length", _GAUGE, "Records that wait for a log's writer, all servers added.", of=_ALL
    ),
    Metric(
        "snapshot_version",
        _GAUGE,
        "Version of the snapshot that serves, of the server that is furthest behind.",
        ("bandit",),
        of=LevelOf.LEAST,
    ),
    Metric(
        "snapshot_age_seconds",
        _GAUGE,
        "Age of the snapshot that serves, of the server that is furthest behind.",
        ("bandit",),
        of=LevelOf.GREATEST,
    ),
    Metric(
        "freshness_seconds",
        _HISTOGRAM,
        "From the moment an observation is due to the first decision that knows it.",
        ("bandit",),
        SLOW_S,
    ),
    Metric(
        "learning_delay_seconds",
        _HISTOGRAM,
        "From the acceptance of an event to the first decision that knows it.",
        ("bandit",),
        SLOW_S,
    ),
    Metric(
        "ranking_change_rate",
        _GAUGE,
        "Mean share of the top of the ranking that changed from step to step of the last hour.",
        ("bandit",),
    ),
    Metric(
        "ranking_turnover",
        _GAUGE,
        "Share of the top of the ranking that changed from the start of the last hour to its end.",
        ("bandit",),
    ),
    # the loop
    Metric(
        "conservation_records",
        _GAUGE,
        "Records read, by the class they ended in, as of the last commit.",
        ("bandit", "class"),
    ),
    Metric(
        "conservation_difference",
        _GAUGE,
        "Records that ended in no class; anything but 0 is a bug.",
        ("bandit",),
    ),
    Metric(
        "watermark_age_seconds",
        _GAUGE,
        "How far the join's time lies behind the clock, as of the last commit.",
    ),
    Metric("log_end_offset", _GAUGE, "Offset after the log's last entry, all partitions added."),
    Metric(
        "log_read_offset",
        _GAUGE,
        "Offset up to which the trainer has committed, all partitions added.",
    ),
    Metric("lag_records", _GAUGE, "Records in the log that the trainer has not committed yet."),
    # the trainer
    Metric(
        "steps_total", _COUNTER, "Steps of the trainer that read, learnt or committed something."
    ),
    Metric(
        "records_read_total", _COUNTER, "Records that the trainer read in steps that succeeded."
    ),
    Metric(
        "late_corrections_total",
        _COUNTER,
        "Corrections found among records that came too late for the join.",
    ),
    Metric("archived_total", _COUNTER, "Records of the log that were written into the archive."),
    Metric("archive_merged_total", _COUNTER, "Small archive files that were merged into others."),
    Metric("aggregated_total", _COUNTER, "Hours of a bandit's archive that were summed up."),
    Metric("archive_swept_total", _COUNTER, "Archive files deleted that no manifest named."),
    Metric("archive_forgotten_total", _COUNTER, "Rows of archive files dropped for their age."),
    Metric(
        "upkeep_failures_total",
        _COUNTER,
        "Times one of the trainer's duties beside learning failed and was put off.",
        ("duty", "code"),
    ),
    Metric(
        "snapshots_thinned_total",
        _COUNTER,
        "Snapshots that were dropped, being old and not needed to go back.",
    ),
    Metric("log_retired_total", _COUNTER, "Entries that the log dropped, being old and done with."),
    Metric(
        "commands_total",
        _COUNTER,
        "Commands that the trainer settled; outcome is applied or refused.",
        ("kind", "outcome"),
    ),
    Metric("observations_learnt_total", _COUNTER, "Observations that the trainer committed."),
    Metric(
        "commit_seconds",
        _HISTOGRAM,
        "One step of the trainer that commits, from reading the log to the end of the transaction.",
        (),
        FAST_S,
    ),
    Metric(
        "learning_failures_total",
        _COUNTER,
        "Times the trainer started over from its last commit, by the error's code.",
        ("code",),
    ),
    Metric(
        "lease_epoch",
        _GAUGE,
        "Epoch of the lease; it rises whenever another trainer takes over.",
        of=LevelOf.GREATEST,
    ),
    # arms from a source
    Metric(
        "syncs_total",
        _COUNTER,
        "Scheduled syncs of arms: changed, unchanged, pending or failed.",
        ("bandit", "outcome"),
    ),
    # the watch
    Metric(
        "restarts_total",
        _COUNTER,
        "Processes started again, by role and by what ended the last one.",
        ("role", "reason"),
    ),
    Metric("roles_alive", _GAUGE, "Processes that the supervisor sees alive.", of=_ALL),
    # every process
    Metric("memory_bytes", _GAUGE, "Resident memory, by process.", ("process",), of=_ALL),
    Metric("cpu_seconds_total", _COUNTER, "Processor time used, by process.", ("process",)),
    # the meter itself
    Metric(
        "unwritten_pages_total",
        _COUNTER,
        "Times a process could not write down what it measured, so that others did not see it.",
        ("process",),
    ),
    Metric("ignored_values_total", _COUNTER, "Values that are no finite number ≥ 0.", ("metric",)),
)

METRICS: Mapping[str, Metric] = {row.name: row for row in _ROWS}
"""The table, by name."""


def metric(name: str, kind: MetricKind, labels: Mapping[str, str]) -> Metric:
    """The row of `name`, which must be of this kind and have exactly these labels.

    Raises:
        Bug: it is not.
    """
    found = _known(name, kind)
    if labels.keys() != found.names:
        raise Bug(f"metric {name!r} has labels {found.labels}, got {tuple(labels)}")
    return found


def known_histogram(name: str, labels: Mapping[str, str]) -> Metric:
    """The row of the histogram `name`, which must have these labels and may have more.

    Raises:
        Bug: it is not.
    """
    found = _known(name, MetricKind.HISTOGRAM)
    if not labels.keys() <= found.names:
        raise Bug(f"metric {name!r} has labels {found.labels}, got {tuple(labels)}")
    return found


def _known(name: str, kind: MetricKind) -> Metric:
    found = METRICS.get(name)
    if found is None:
        hint = f"did you mean {match!r}?" if (match := close_match(name, METRICS)) else ""
        raise Bug(f"a metric must stand in the table of metrics, got {name!r}", hint=hint)
    if found.kind is not kind:
        raise Bug(f"metric {name!r} is a {found.kind.value}, and was used as a {kind.value}")
    return found
