"""The laws of a meter of several processes, as `tamesu.ports.SharedMeter` states them."""

from __future__ import annotations

from pathlib import Path

from tamesu.ports import SharedMeter
from tamesu.testing.meter_contract import exposed

SECONDS = "freshness_seconds"


class SharedMeterContract:
    """Bind an adapter by a subclass that defines `make` and `kill`."""

    def make(self, place: Path, process: str) -> SharedMeter:
        """The meter of a process of that name, as if it were a process of its own."""
        raise NotImplementedError

    def kill(self, meter: SharedMeter) -> None:
        """Ends the process of `meter` as SIGKILL would: nothing more is told."""
        raise NotImplementedError

    def test_any_of_them_shows_what_all_counted(self, tmp_path: Path) -> None:
        """Added up by label; one that counts nothing shows it too."""
        one, other, idle = (self.make(tmp_path, name) for name in ("one", "other", "idle"))
        one.count("decisions_total", 3, bandit="a")
        other.count("decisions_total", 4, bandit="a")
        other.count("decisions_total", 5, bandit="b")
        for meter in (one, other):
            meter.write()
        for meter in (one, other, idle):
            assert exposed(meter, "decisions_total", bandit="a") == 7
            assert exposed(meter, "decisions_total", bandit="b") == 5

    def test_what_one_has_not_told_yet_it_knows_itself(self, tmp_path: Path) -> None:
        """Its own numbers are those of this moment."""
        meter = self.make(tmp_path, "one")
        meter.observe(SECONDS, 3.0, bandit="a")
        assert meter.quantile(SECONDS, 0.5, bandit="a") == 3.0

    def test_what_one_showed_all_show(self, tmp_path: Path) -> None:
        """Whoever is scraped next: a counter does not go back from one scrape to another."""
        one, other = self.make(tmp_path, "one"), self.make(tmp_path, "other")
        for number in range(1, 4):
            one.count("steps_total")
            assert exposed(one, "steps_total") == number
            assert exposed(other, "steps_total") == number

    def test_histograms_and_quantiles_are_over_all(self, tmp_path: Path) -> None:
        """As if one process had been given every value."""
        one, other = self.make(tmp_path, "one"), self.make(tmp_path, "other")
        for _ in range(10):
            one.observe(SECONDS, 1.0, bandit="a")
            other.observe(SECONDS, 100.0, bandit="a")
        for meter in (one, other):
            meter.write()
        for meter in (one, other):
            assert exposed(meter, f"{SECONDS}_count", bandit="a") == 20
            low, high = (meter.quantile(SECONDS, share, bandit="a") for share in (0.25, 0.75))
            assert low is not None
            assert high is not None
            assert 1 / 1.6 <= low <= 1.6
            assert 100 / 1.6 <= high <= 160

    def test_levels_go_together_as_their_metric_says(self, tmp_path: Path) -> None:
        """What waits is added; the furthest behind counts; a fact is as new as who told it last."""
        one, other = self.make(tmp_path, "one"), self.make(tmp_path, "other")
        for meter, waiting, version, age, end in ((one, 2, 8, 0.5, 90), (other, 3, 7, 1.5, 80)):
            meter.level("queue_length", waiting)
            meter.level("snapshot_version", version, bandit="a")
            meter.level("snapshot_age_seconds", age, bandit="a")
            meter.level("log_end_offset", end)
        for meter in (one, other):
            meter.write()
        for meter in (one, other):
            assert exposed(meter, "queue_length") == 5
            assert exposed(meter, "snapshot_version", bandit="a") == 7
            assert exposed(meter, "snapshot_age_seconds", bandit="a") == 1.5
            assert exposed(meter, "log_end_offset") == 80

    def test_what_was_counted_outlives_who_counted(self, tmp_path: Path) -> None:
        """A process that ends tells all it has, a second end nothing more."""
        one, other = self.make(tmp_path, "one"), self.make(tmp_path, "other")
        one.count("ticks_total", 3)
        other.count("ticks_total", 4)
        one.write()
        other.close()
        other.close()
        assert exposed(one, "ticks_total") == 7

    def test_the_levels_of_the_dead_are_gone(self, tmp_path: Path) -> None:
        """However they died: nothing of theirs waits any more."""
        one, ended, killed = (self.make(tmp_path, name) for name in ("one", "ended", "killed"))
        for meter, waiting in ((one, 1), (ended, 10), (killed, 100)):
            meter.level("queue_length", waiting)
            meter.write()
        assert exposed(one, "queue_length") == 111
        ended.close()
        assert exposed(one, "queue_length") == 101
        self.kill(killed)
        assert exposed(one, "queue_length") == 1

    def test_no_counter_goes_back_when_its_process_is_killed_and_followed(
        self, tmp_path: Path
    ) -> None:
        """Who follows under the same name goes on counting where it was, any number of times."""
        one = self.make(tmp_path, "one")
        for number in range(1, 5):
            other = self.make(tmp_path, "other")
            other.count("ticks_total", 0)
            assert exposed(other, "ticks_total") == 2 * (number - 1)
            other.count("ticks_total", 2)
            other.observe("append_seconds", 0.5)
            other.write()
            assert exposed(one, "ticks_total") == 2 * number
            self.kill(other)
            assert exposed(one, "ticks_total") == 2 * number
            assert exposed(one, "append_seconds_count") == number

    def test_two_of_one_name_are_two(self, tmp_path: Path) -> None:
        """As two servers that were started by hand."""
        one, other = self.make(tmp_path, "one"), self.make(tmp_path, "one")
        one.count("ticks_total", 3)
        other.count("ticks_total", 4)
        for meter in (one, other, one):
            meter.write()
        assert exposed(one, "ticks_total") == 7
        assert exposed(other, "ticks_total") == 7

    def test_a_place_that_cannot_be_used_costs_the_view_alone(self, tmp_path: Path) -> None:
        """Its own numbers are counted and shown; what went untold is counted too."""
        place = tmp_path / "no-folder"
        place.write_text("a file where a folder must be")
        meter = self.make(place, "one")
        meter.count("ticks_total", 3)
        meter.write()
        assert exposed(meter, "ticks_total") == 3
        assert exposed(meter, "unwritten_pages_total", process="one") >= 1
        meter.close()
