"""The laws of a meter, as `tamesu.ports.Meter` states them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tamesu.base import Bug
from tamesu.ports import Meter

THREADS = 8


class MeterContract:
    """Bind an adapter by a subclass that defines `make`."""

    def make(self) -> Meter:
        """A new meter."""
        raise NotImplementedError

    def test_counts_add_up_by_label(self) -> None:
        """A counter of each set of labels."""
        meter = self.make()
        meter.count("decisions_total", bandit="a")
        meter.count("decisions_total", 2.5, bandit="a")
        meter.count("decisions_total", bandit="b")
        meter.count("decisions_total", 0, bandit="c")
        assert exposed(meter, "decisions_total", bandit="a") == 3.5
        assert exposed(meter, "decisions_total", bandit="b") == 1
        assert exposed(meter, "decisions_total", bandit="c") == 0

    def test_a_level_is_the_last_one_set(self) -> None:
        """Whichever way it goes; the order of labels means nothing."""
        meter = self.make()
        for value in (3, -1.5, 2):
            meter.level("queue_length", value)
            assert exposed(meter, "queue_length") == value
        meter.level("conservation_records", 7, bandit="a", **{"class": "events_read"})
        meter.level("conservation_records", 8, **{"class": "events_read", "bandit": "a"})
        labels = {"bandit": "a", "class": "events_read"}
        assert exposed(meter, "conservation_records", **labels) == 8

    def test_a_histogram_counts_what_it_was_given(self) -> None:
        """However large or small."""
        meter = self.make()
        for value in (0.0, 1e-9, 0.5, 1e9):
            meter.observe("freshness_seconds", value, bandit="a")
        assert exposed(meter, "freshness_seconds_count", bandit="a") == 4

    def test_quantiles_lie_where_the_values_do(self) -> None:
        """To the width of a bucket; over all label sets, or those that were asked for."""
        meter = self.make()
        assert meter.quantile("freshness_seconds", 0.5) is None
        for hundredth in range(1, 101):
            meter.observe("freshness_seconds", hundredth / 100, bandit="a")
            meter.observe("freshness_seconds", 100.0, bandit="b")
        for share in (0.0, 0.5, 0.95, 1.0):
            found = meter.quantile("freshness_seconds", share, bandit="a")
            assert found is not None
            assert max(share, 0.01) / 1.6 <= found <= max(share, 0.01) * 1.6
        assert meter.quantile("freshness_seconds", 0.5, bandit="b") == 100
        both = meter.quantile("freshness_seconds", 0.99)
        assert both is not None
        assert 100 / 1.6 <= both <= 100
        assert meter.quantile("freshness_seconds", 0.5, bandit="c") is None

    def test_a_name_or_label_that_is_not_declared_is_a_bug(self) -> None:
        """A misspelt metric is no new metric."""
        meter = self.make()
        misuses: tuple[Callable[[], object], ...] = (
            lambda: meter.count("decisions", bandit="a"),
            lambda: meter.count("decisions_total"),
            lambda: meter.count("decisions_total", arm="a"),
            lambda: meter.count("decisions_total", bandit="a", arm="a"),
            lambda: meter.level("decisions_total", 1, bandit="a"),
            lambda: meter.observe("queue_length", 1),
            lambda: meter.quantile("freshness", 0.5),
            lambda: meter.quantile("queue_length", 0.5),
            lambda: meter.quantile("freshness_seconds", 0.5, arm="a"),
        )
        for misuse in misuses:
            with pytest.raises(Bug):
                misuse()

    def test_no_value_raises(self) -> None:
        """What is no measure is set aside, and counted."""
        meter = self.make()
        meter.observe("append_seconds", 1.0)
        for value in (math.nan, math.inf, -math.inf, -1.0):
            meter.count("ticks_total", value)
            meter.observe("append_seconds", value)
        meter.level("queue_length", math.inf)
        assert exposed(meter, "append_seconds_count") == 1
        assert exposed(meter, "ignored_values_total", metric="ticks_total") == 4
        assert exposed(meter, "ignored_values_total", metric="append_seconds") == 4

    def test_threads_lose_no_count(self) -> None:
        """Concurrent case."""
        meter = self.make()

        def work(_: int) -> None:
            for _ in range(500):
                meter.count("ticks_total")
                meter.observe("append_seconds", 0.5)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        assert exposed(meter, "ticks_total") == THREADS * 500
        assert exposed(meter, "append_seconds_count") == THREADS * 500


def exposed(meter: Meter, name: str, **labels: str) -> float:
    """The number that a scrape finds under a name (without its prefix) and these labels."""
    _, text = meter.expose()
    for line in text.decode().splitlines():
        found = re.fullmatch(r"tamesu_(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name:
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            if pairs == labels:
                return float(found[3])
    raise AssertionError(f"no {name} with {labels} is exposed")
