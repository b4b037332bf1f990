"""The pages of a meter: what is torn, damaged, killed or without room costs nobody anything else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tamesu.adapters.meter import pages
from tamesu.adapters.meter.measured import Level, Measured
from tamesu.adapters.meter.metrics import METRICS, LevelOf, MetricKind
from tamesu.adapters.meter.pages import LOCK, SIDES, Page, Pages
from tamesu.adapters.meter.prometheus import PrometheusMeter
from tamesu.adapters.meter.series import Histogram
from tamesu.base import Corrupt
from tamesu.testing.meter_contract import exposed

COUNTS_ON = """
import sys
from pathlib import Path
from tamesu.adapters.meter.prometheus import PrometheusMeter
meter = PrometheusMeter(Path(sys.argv[1]), "worker", write_s=3_600)
meter.level("queue_length", 7)
number = 0
while True:
    meter.count("ticks_total")
    meter.write()
    number += 1
    print(number, flush=True)
"""

WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from tamesu.adapters.meter.prometheus import PrometheusMeter
meter = PrometheusMeter(Path(sys.argv[1]), "worker", write_s=3_600)
meter.count("ticks_total")
meter.write()
resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))
for bandit in range(100):
    meter.count("decisions_total", bandit=str(bandit))
    meter.write()
print(meter.expose()[1].decode())
sys.stdout.flush()
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
meter.write()
print("written", flush=True)
sys.stdin.readline()
"""


def measured(ticks):
    return Measured(counters={("ticks_total",): ticks})


def ticks_in(folder):
    return Measured.total(Pages(folder).others(None)).counters.get(("ticks_total",), 0.0)


@pytest.fixture
def run():
    """Starts a script as a process of its own; whatever still runs is killed in the end."""
    started = []

    def start(script, folder):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_measured_comes_back_from_bytes():
    histogram = Histogram(METRICS["append_seconds"].buckets)
    histogram.add(0.25)
    whole = Measured(
        {("decisions_total", "a"): 3.5},
        {("queue_length",): Level(-1.0, 5.0)},
        {("append_seconds",): histogram},
    )
    back = Measured.from_bytes(whole.to_bytes())
    assert (back.counters, back.levels) == (whole.counters, whole.levels)
    same = back.histograms["append_seconds",]
    assert (same.counts, same.total, same.least, same.greatest) == (
        histogram.counts,
        0.25,
        0.25,
        0.25,
    )


def test_what_another_version_measured_and_we_do_not_is_left_out():
    strange = Histogram((1.0, 2.0))
    strange.add(1.5)
    whole = Measured(
        {("no_such_total",): 1.0, ("decisions_total",): 1.0, (): 1.0, ("ticks_total",): 2.0},
        {("decisions_total", "a"): Level(1.0, 1.0)},
        {("append_seconds",): strange},
    )
    back = Measured.from_bytes(whole.to_bytes())
    assert back == Measured({("ticks_total",): 2.0})


def test_bytes_that_are_none_of_a_meters_are_refused_by_name():
    for data in (b"", b"\xc1", b"\x93\x01\x02\x03", Measured().to_bytes()[:-1]):
        with pytest.raises(Corrupt, match="bytes of a meter"):
            Measured.from_bytes(data)


def test_a_page_torn_at_any_byte_is_what_it_was_before(tmp_path):
    page = Page(tmp_path, "one")
    page.write(measured(1))
    page.write(measured(2))
    newest = tmp_path / f"one{SIDES[0]}"
    whole = newest.read_bytes()
    for cut in range(len(whole)):
        newest.write_bytes(whole[:cut])
        assert ticks_in(tmp_path) == 1
    newest.write_bytes(whole)
    assert ticks_in(tmp_path) == 2
    page.close()


def test_a_page_written_twice_while_it_is_read_is_not_taken_for_an_old_one(tmp_path, monkeypatch):
    """Its second side is torn by then, and what was read of the first is long gone."""
    page = Page(tmp_path, "one")
    page.write(measured(1))
    page.write(measured(2))
    read = pages._side
    reads = []

    def side(path):
        found = read(path)
        reads.append(path)
        if len(reads) == 1:
            page.write(measured(3))
            page.write(measured(4))
            torn = tmp_path / f"one{SIDES[1]}"
            torn.write_bytes(torn.read_bytes()[:-1])
        return found

    monkeypatch.setattr(pages, "_side", side)
    assert ticks_in(tmp_path) == 4
    page.close()


def test_no_process_shows_what_the_others_do_not(tmp_path):
    """Else the next scrape, of another one, would go back."""

    class Busy(PrometheusMeter):
        """Counts all the time: between any two things that it does."""

        def write(self):
            self.count("ticks_total")
            super().write()
            self.count("ticks_total")

    busy = Busy(tmp_path, "busy", write_s=3_600)
    other = PrometheusMeter(tmp_path, "other", write_s=3_600)
    for _ in range(3):
        assert exposed(busy, "ticks_total") <= exposed(other, "ticks_total")
    busy.close()
    other.close()


def test_a_page_with_any_bit_turned_is_not_believed(tmp_path):
    page = Page(tmp_path, "one")
    page.write(measured(1))
    newest = tmp_path / f"one{SIDES[1]}"
    whole = newest.read_bytes()
    assert ticks_in(tmp_path) == 1
    for byte in range(len(whole)):
        for bit in range(8):
            turned = bytearray(whole)
            turned[byte] ^= 1 << bit
            newest.write_bytes(turned)
            assert ticks_in(tmp_path) == 0
    page.close()


def test_a_shorter_page_leaves_nothing_of_a_longer_one(tmp_path):
    page = Page(tmp_path, "one")
    long = Measured(counters={("decisions_total", str(n)): 1.0 for n in range(100)})
    for _ in SIDES:
        page.write(long)
    page.write(measured(3))
    assert Measured.total(Pages(tmp_path).others(None)) == measured(3)
    page.close()


def test_the_dead_are_forgotten_when_asked_and_the_living_are_not(tmp_path):
    dead, living = Page(tmp_path, "dead"), Page(tmp_path, "living")
    dead.write(measured(1))
    living.write(measured(10))
    dead.close()
    assert ticks_in(tmp_path) == 11
    Pages(tmp_path).clear()
    assert ticks_in(tmp_path) == 10
    living.write(measured(20))
    assert ticks_in(tmp_path) == 20
    living.close()
    Pages(tmp_path / "never made").clear()
    assert ticks_in(tmp_path / "never made") == 0


def test_however_often_a_process_is_killed_its_count_goes_on_and_its_files_are_few(tmp_path, run):
    """Each is killed while it writes on and on; what it said it wrote is there."""
    meter = PrometheusMeter(tmp_path, "watching")
    before = 0
    for life in range(1, 9):
        process = run(COUNTS_ON, tmp_path)
        for _ in range(25 * life % 60 + 1):
            said = int(process.stdout.readline())
        assert exposed(meter, "queue_length") == 7
        process.kill()
        said = max([said, *map(int, process.stdout.read().split())])
        process.wait()
        now = exposed(meter, "ticks_total")
        assert before + said <= now <= before + said + 1
        before = now
    assert "queue_length" not in [key[0] for key in meter.measured().levels]
    assert len(list(tmp_path.iterdir())) == 2 * len((LOCK, *SIDES))
    meter.close()


def test_a_full_disk_costs_the_others_view_and_comes_back_by_itself(tmp_path, run):
    """A file may not grow meanwhile, which to whoever writes is the same."""
    process = run(WITHOUT_ROOM, tmp_path)
    lines = [process.stdout.readline()]
    while not lines[-1].startswith("tamesu_unwritten_pages_total{"):
        lines.append(process.stdout.readline())
        assert lines[-1]
    assert float(lines[-1].split()[-1]) >= 100
    assert sum(line.startswith("tamesu_decisions_total{") for line in lines) == 100
    meter = PrometheusMeter(tmp_path, "watching")
    assert exposed(meter, "ticks_total") == 1
    half = [(tmp_path / f"worker{side}").stat().st_size for side in SIDES]
    assert min(half) == 0, "what could not be written whole takes no room"
    process.stdin.write("\n")
    process.stdin.flush()
    while process.stdout.readline() != "written\n":
        assert process.poll() is None
    assert exposed(meter, "decisions_total", bandit="99") == 1
    meter.close()


def test_who_measures_tells_without_being_asked(tmp_path, until):
    told, asked = (PrometheusMeter(tmp_path, name, write_s=0.01) for name in ("told", "asked"))
    told.count("ticks_total", 3)
    assert until(lambda: asked.measured().counters.get(("ticks_total",)) == 3)
    for meter in (told, asked):
        meter.close()


def test_every_process_shows_its_memory_and_its_time(tmp_path):
    one, other = PrometheusMeter(tmp_path, "one"), PrometheusMeter(tmp_path, "one")
    other.write()
    for process in ("one", "one-2"):
        assert exposed(one, "memory_bytes", process=process) > 1 << 20
        assert exposed(one, "cpu_seconds_total", process=process) > 0
    for meter in (one, other):
        meter.close()


def test_what_a_gauge_says_of_several_processes_is_declared():
    for name in ("log_end_offset", "lag_records", "conservation_difference"):
        assert METRICS[name].of is LevelOf.NEWEST
    assert all(
        row.of is LevelOf.NEWEST for row in METRICS.values() if row.kind is not MetricKind.GAUGE
    )
