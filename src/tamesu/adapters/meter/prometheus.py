"""A meter that Prometheus scrapes.

Values are kept here, under one lock and in plain lists, and turned into the driver's form when a
scrape asks: a count costs about a microsecond. With a folder, all processes that measure there are one:
each writes its page a few times a second, and any of them shows all. Refuses the driver's global
registry, so that two meters in one process are two.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from tamesu.adapters.meter.circle import Circle
from tamesu.adapters.meter.measured import Key, Level, Measured
from tamesu.adapters.meter.metrics import METRICS, MetricKind, known_histogram, metric
from tamesu.adapters.meter.series import Histogram

PREFIX = "tamesu_"

WRITE_S = 0.2
"""How often a page is written: what a killed process measured since is lost."""

T = TypeVar("T")
_Asked = tuple[object, ...]
_Keys = dict[_Asked, Key]


class PrometheusMeter:
    """Counters, gauges and histograms of the table `tamesu.adapters.meter.metrics`.

    Safe from many threads. Limits: as many series as there are bandits; a process killed outright
    takes the counts of its last `write_s` with it.

    Args:
        folder: where the processes of one installation measure together; none is this one alone.
        process: what this process is called there, such as server-0.
        write_s: how often it tells the others.
    """

    def __init__(
        self, folder: Path | None = None, process: str = "process", *, write_s: float = WRITE_S
    ) -> None:
        self._lock = threading.Lock()
        self._mine = Measured()
        self._counter_keys: _Keys = {}
        self._level_keys: _Keys = {}
        self._histogram_keys: _Keys = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Families(self))
        self._used_s = 0.0
        self._circle: Circle | None = None
        self._stop = threading.Event()
        self._telling = threading.Lock()
        self._writer = threading.Thread(
            target=self._write_on, args=(write_s,), name="meter", daemon=True
        )
        if folder is None:
            ProcessCollector(registry=self._registry)
            return
        self._circle = Circle(folder, process)
        self._mine.add(self._circle.inherited)
        self.write()
        self._writer.start()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Adds `amount` (≥ 0) to a counter."""
        asked = (name, *labels.items())
        key = self._counter_keys.get(asked) or _admit(
            self._counter_keys, asked, MetricKind.COUNTER, labels
        )
        if not 0 <= amount < math.inf:
            self._ignore(name)
            return
        with self._lock:
            counters = self._mine.counters
            counters[key] = counters.get(key, 0.0) + amount

    def level(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        asked = (name, *labels.items())
        key = self._level_keys.get(asked) or _admit(
            self._level_keys, asked, MetricKind.GAUGE, labels
        )
        level = Level(value, time.monotonic())
        with self._lock:
            self._mine.levels[key] = level

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one value (≥ 0) to a histogram."""
        asked = (name, *labels.items())
        key = self._histogram_keys.get(asked) or _admit(
            self._histogram_keys, asked, MetricKind.HISTOGRAM, labels
        )
        if not 0 <= value < math.inf:
            self._ignore(name)
            return
        with self._lock:
            found = self._mine.histograms.get(key)
            if found is None:
                found = self._mine.histograms[key] = Histogram(METRICS[name].buckets)
            found.add(value)

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """A quantile of a histogram; see `tamesu.ports.Meter.quantile`."""
        row = known_histogram(name, labels)
        wanted = [(1 + row.labels.index(label), value) for label, value in labels.items()]
        whole = Histogram.merged(
            histogram
            for key, histogram in self.measured().histograms.items()
            if key[0] == name and all(key[place] == value for place, value in wanted)
        )
        return None if whole is None else whole.quantile(share)

    def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, for a scrape.

        The others are told before it is given, and after it was looked up, for who counts does not
        wait: what one shows, the next one that is asked shows too.
        """
        shown = generate_latest(self._registry)
        self.write()
        return CONTENT_TYPE_LATEST, shown

    def measured(self) -> Measured:
        """What all processes measured, this one's up to now."""
        whole = self._copy()
        if self._circle is not None:
            for other in self._circle.others():
                whole.add(other)
        return whole

    def write(self) -> None:
        """Tells the other processes now; see `tamesu.ports.SharedMeter.write`."""
        circle = self._circle
        if circle is None:
            return
        with self._telling:
            used_s = time.process_time()
            self.count("cpu_seconds_total", used_s - self._used_s, process=circle.process)
            self._used_s = used_s
            self.level("memory_bytes", _resident_bytes(), process=circle.process)
            if not circle.tell(self._copy()):
                self.count("unwritten_pages_total", process=circle.process)

    def close(self) -> None:
        """Leaves the others; see `tamesu.ports.SharedMeter.close`."""
        circle = self._circle
        if circle is None:
            return
        self._stop.set()
        self._writer.join()
        self.write()
        self._circle = None
        circle.close()

    def families(self) -> Iterator[Family]:
        """Everything measured, in the driver's form; every metric of the table is there."""
        measured = self.measured()
        counters, levels = _by_name(measured.counters), _by_name(measured.levels)
        histograms = _by_name(measured.histograms)
        for row in METRICS.values():
            name = PREFIX + row.name
            if row.kind is MetricKind.HISTOGRAM:
                family = HistogramMetricFamily(name, row.help, labels=row.labels)
                for labels, histogram in histograms[row.name]:
                    family.add_metric(labels, [*_running(histogram)], histogram.total)
                yield family
            elif row.kind is MetricKind.COUNTER:
                counter = CounterMetricFamily(name, row.help, labels=row.labels)
                for labels, number in counters[row.name]:
                    counter.add_metric(labels, number)
                yield counter
            else:
                gauge = GaugeMetricFamily(name, row.help, labels=row.labels)
                for labels, level in levels[row.name]:
                    gauge.add_metric(labels, level.value)
                yield gauge

    def _copy(self) -> Measured:
        with self._lock:
            return self._mine.copy()

    def _ignore(self, name: str) -> None:
        """Sets a value aside that is no measure, and counts that it was."""
        self.count("ignored_values_total", metric=name)

    def _write_on(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            self.write()


def _admit(keys: _Keys, asked: _Asked, kind: MetricKind, labels: dict[str, str]) -> Key:
    """The series of that name and these labels, checked once for each way to spell it."""
    name = str(asked[0])
    row = metric(name, kind, labels)
    key = keys[asked] = (name, *(labels[label] for label in row.labels))
    return key


class _Families(Collector):
    """What the driver's registry asks at a scrape."""

    def __init__(self, meter: PrometheusMeter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Family]:
        return self._meter.families()


def _resident_bytes() -> int:
    """Memory of this process; 0 where the machine does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _by_name(series: Mapping[Key, T]) -> Mapping[str, list[tuple[Key, T]]]:
    """The series of each metric: label values and what was measured."""
    found: defaultdict[str, list[tuple[Key, T]]] = defaultdict(list)
    for key, one in series.items():
        found[key[0]].append((key[1:], one))
    return found


def _running(histogram: Histogram) -> Iterator[tuple[str, float]]:
    """Upper bound and number of values up to it, for each bucket."""
    below = 0
    for bound, inside in zip((*histogram.bounds, math.inf), histogram.counts, strict=True):
        below += inside
        yield ("+Inf" if bound == math.inf else repr(bound), below)
