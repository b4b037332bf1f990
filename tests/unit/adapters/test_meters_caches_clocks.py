"""What meters, caches, clocks and id sources promise beyond their port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tamesu.adapters.clock.manual import START, ManualClock, SeededIds
from tamesu.adapters.meter.metrics import METRICS, MetricKind
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.adapters.meter.series import Histogram
from tamesu.base import Bug, Time

NOW = Time(1_700_000_000_000_000)
GOLDEN_ID = "018bcfe5680075029d7ecdf844e24e49"
GOLDEN_SEED = 45_382_446_472_486_488


def families(meter):
    _, text = meter.expose()
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def test_a_scrape_shows_every_metric_of_the_table_before_the_first_value():
    names = {name for name in families(PrometheusMeter()) if name.startswith("tamesu_")}
    assert names == {f"tamesu_{name.removesuffix('_total')}" for name in METRICS}


def test_a_scrape_has_kind_help_and_buckets():
    meter = PrometheusMeter()
    for value in (0.0004, 0.0006, 0.02, 99.0):
        meter.observe("append_seconds", value)
    family = families(meter)["tamesu_append_seconds"]
    assert (family.type, family.documentation) == ("histogram", METRICS["append_seconds"].help)
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}
    assert samples["tamesu_append_seconds_bucket", "0.0005"] == 1
    assert samples["tamesu_append_seconds_bucket", "0.0007"] == 2
    assert samples["tamesu_append_seconds_bucket", "0.02"] == 3
    assert samples["tamesu_append_seconds_bucket", "10.0"] == 3
    assert samples["tamesu_append_seconds_bucket", "+Inf"] == 4
    assert samples["tamesu_append_seconds_count", None] == 4
    assert samples["tamesu_append_seconds_sum", None] == pytest.approx(99.021)


def test_a_scrape_says_how_much_memory_the_process_uses():
    assert "process_resident_memory_bytes" in families(PrometheusMeter())


def test_label_values_are_kept_as_they_are():
    meter = PrometheusMeter()
    meter.count("refused_total", code='odd "code"\\ \n')
    (sample,) = families(meter)["tamesu_refused"].samples
    assert sample.labels == {"code": 'odd "code"\\ \n'}


def test_the_table_of_metrics_follows_the_rules_of_names():
    for name, row in METRICS.items():
        assert re.fullmatch(r"[a-z][a-z_]+", name)
        assert (row.kind is MetricKind.COUNTER) is name.endswith("_total")
        assert row.help.endswith(".")
        assert bool(row.buckets) is (row.kind is MetricKind.HISTOGRAM)
        assert sorted(set(row.buckets)) == list(row.buckets)


def test_a_misspelt_metric_is_told_its_name():
    with pytest.raises(Bug, match="did you mean 'decisions_total'"):
        PrometheusMeter().count("decision_total", bandit="a")


def test_a_quantile_is_linear_within_its_bucket_and_never_outside_what_was_seen():
    histogram = Histogram((1.0, 2.0, 4.0))
    assert histogram.quantile(0.5) is None
    for value in (1.5, 1.6, 3.0, 9.0):
        histogram.add(value)
    assert histogram.quantile(0.0) == 1.5
    assert histogram.quantile(0.25) == 1.75
    assert histogram.quantile(0.5) == 2.0
    assert histogram.quantile(0.75) == 4.0
    assert histogram.quantile(1.0) == 9.0


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock()
    assert clock.now() == clock.now() == START
    clock.move(-5)
    assert clock.now() == START - 5
    clock.set(7)
    clock.sleep(3)
    assert clock.now() == 10
    threads = [threading.Thread(target=clock.sleep, args=(1,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 30


def test_seeded_ids_are_the_same_on_every_machine():
    ids = SeededIds(7)
    assert ids.uuid7(NOW) == GOLDEN_ID
    assert ids.seed() == GOLDEN_SEED
    assert SeededIds(7).uuid7(NOW) == GOLDEN_ID
    assert SeededIds(8).uuid7(NOW) != GOLDEN_ID


def test_a_fork_does_not_repeat_the_parents_ids():
    code = (
        "import os; from tamesu.adapters.clock.system import SystemIds\n"
        "from tamesu.base import Time\n"
        "ids = SystemIds(); ids.uuid7(Time(0))\n"
        "child = os.fork()\n"
        "child and os.waitpid(child, 0)\n"
        "print(ids.uuid7(Time(0)), flush=True)\n"
        "child or os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    first, second = done.stdout.split()
    assert first != second
