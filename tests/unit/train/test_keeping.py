"""Which snapshots stay: fewer the older they are, and the same whenever one looks."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Snapshot, Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tamesu.train import Why, keeping

NOW = Time(1_800_000_000_000_000)  # a whole minute, and no whole hour


def snapshots(ages):
    """Snapshots of these ages in microseconds, the oldest first, numbered from 1."""
    return [
        Snapshot(
            bandit="b",
            declaration=1,
            version=version,
            state=b"",
            created=Time(NOW - age),
            watermark=NOW,
            observations=0,
        )
        for version, age in enumerate(sorted(ages, reverse=True), 1)
    ]


def test_no_snapshots_are_no_matter():
    assert keeping([], [], NOW) == {}


def test_the_newest_stays_however_old_it_is():
    assert keeping(snapshots([1000 * DAY_US]), [], NOW) == {1: Why.NEWEST}


def test_all_of_an_hour_stay():
    ages = [HOUR_US, HOUR_US - 1, 5 * SECOND_US, 4 * SECOND_US, 0]
    kept = keeping(snapshots(ages), [], NOW)
    assert kept == {1: Why.RECENT, 2: Why.RECENT, 3: Why.RECENT, 4: Why.RECENT, 5: Why.NEWEST}


def test_of_older_ones_the_last_of_each_minute_stays_for_a_day():
    ages = [2 * HOUR_US - 1 * SECOND_US, 2 * HOUR_US - 59 * SECOND_US, 2 * HOUR_US - 61 * SECOND_US]
    kept = keeping(snapshots([*ages, 0]), [], NOW)
    assert kept == {2: Why.MINUTELY, 3: Why.MINUTELY, 4: Why.NEWEST}


def test_then_the_last_of_each_hour_for_ninety_days():
    begun = NOW % HOUR_US
    hour = [2 * DAY_US + begun - minutes * MINUTE_US for minutes in (1, 30, 59)]
    kept = keeping(snapshots([91 * DAY_US, *hour, 0]), [], NOW)
    assert kept == {4: Why.HOURLY, 5: Why.NEWEST}


def test_a_pinned_one_stays_for_ever():
    kept = keeping(snapshots([400 * DAY_US, 399 * DAY_US, 0]), [2], NOW)
    assert kept == {2: Why.PINNED, 3: Why.NEWEST}


def test_one_that_a_command_made_stays_for_ever():
    """The others carry its number on; they go."""
    made = [msgspec.structs.replace(one, since=2) for one in snapshots([400 * DAY_US] * 3 + [0])]
    assert keeping(made, [], NOW) == {2: Why.COMMAND, 4: Why.NEWEST}


@given(
    ages=st.lists(st.integers(0, 100 * DAY_US), max_size=60),
    looks=st.lists(st.integers(0, 100 * DAY_US), min_size=1, max_size=4),
)
def test_how_often_one_thins_does_not_matter(ages, looks):
    """What is still there at the end is what one look at the end would leave."""
    all_of_them = snapshots(ages)
    last = Time(NOW + max(looks))
    left = all_of_them
    for look in sorted(looks):
        kept = keeping(left, [], Time(NOW + look))
        left = [one for one in left if one.version in kept]
        assert keeping(left, [], Time(NOW + look)) == kept
    assert {one.version for one in left} == set(keeping(all_of_them, [], last))
