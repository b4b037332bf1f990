"""Features in SQLite, where things go wrong around them."""

import sqlite3

import pytest

from tamesu.adapters.features.sqlite import VERSION, SqliteFeatures
from tamesu.base import Corrupt, Unavailable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.sqlite3"


@pytest.fixture
def features(path):
    kept = SqliteFeatures(path)
    kept.put("unit", "a", {"n": 1})
    yield kept
    kept.close()


def test_a_file_that_was_removed_is_not_written_to_any_more(features, path):
    """What was put would be gone with the last who has it open."""
    moved = path.rename(path.with_name("moved"))
    for act in (lambda: features.put("unit", "a", {}), lambda: features.find("unit", ["a"])):
        with pytest.raises(Unavailable, match="removed or replaced"):
            act()
    moved.rename(path)
    assert features.find("unit", ["a"]) == [{"n": 1}]


def test_one_of_a_newer_version_is_refused(features, path):
    features.close()
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    other.close()
    with pytest.raises(Unavailable, match=f"version {VERSION} at most, got {VERSION + 1}"):
        SqliteFeatures(path)


def test_what_is_damaged_says_so(features, path):
    with sqlite3.connect(path) as other:
        other.execute("UPDATE features SET body = ?", (b"no JSON",))
    other.close()
    with pytest.raises(Corrupt, match="does not read"):
        features.find("unit", ["a"])
    features.close()
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(Corrupt):
        SqliteFeatures(path)


def test_what_was_put_is_synced_to_the_disk(features):
    """A power cut is not to be had here; the promise to wait for the disk is."""
    with features._writing.at_work() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_closed_one_refuses(features):
    features.close()
    features.close()
    with pytest.raises(Unavailable, match="closed"):
        features.find("unit", ["a"])


def test_a_reader_does_not_wait_for_a_writer(features, path):
    """Who looks sees what was there before, at once."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM features")
    assert features.find("unit", ["a"]) == [{"n": 1}]
    other.execute("ROLLBACK")
    other.close()


def test_a_full_disk_refuses_puts_and_goes_on_finding(on_small_disk):
    told = on_small_disk(
        """
        from tamesu.adapters.features.sqlite import SqliteFeatures
        features = SqliteFeatures(place / "features.sqlite3")
        features.put("unit", "first", {"n": 1})
        fill()
        puts = [lambda n=n: features.put("unit", f"u-{n}", {"x": "y" * 4000}) for n in range(50)]
        told["full"] = [error(put)[0] for put in puts]
        told["found"] = features.find("unit", ["first"])
        empty()
        features.put("unit", "after", {"n": 2})
        told["after"] = features.find("unit", ["after"])
        """
    )
    assert "Unavailable" in told["full"]
    assert set(told["full"]) <= {"Unavailable", "no error"}
    assert told["found"] == [{"n": 1}]
    assert told["after"] == [{"n": 2}]
