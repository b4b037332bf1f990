"""What caches promise beyond their port: bounds, and a file that may be thrown away."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import structlog

from tamesu.adapters.cache import disposable
from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.cache.sqlite import SWEPT, SqliteCache
from tamesu.adapters.sqlite import driver
from tamesu.base import Corrupt, Time, Unavailable

NOW = Time(1_700_000_000_000_000)
LASTS_US = 1_000
END = Time(NOW + LASTS_US)


def claim(cache, key, value=b"x", now=NOW, lasts_us=LASTS_US):
    """The value that stood before."""
    (found,) = cache.claim([(key, value, Time(now + lasts_us))], now)
    return None if found is None else found.value


def rows(path):
    connection = driver.connect(path)
    (number,) = connection.execute("SELECT count(*) FROM claims").fetchone()
    connection.close()
    return number


def _started(script, path, number):
    """Processes that stand ready, and then begin at once; each is told its number."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path), str(each)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in range(number)
    ]
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    return started


def _told(started):
    """What each of them says at its end."""
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(line) for line in said]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "cache.sqlite3"


@pytest.fixture
def shared(path):
    """Opens caches at one place; closed when the test is over."""
    made = []

    def make(**options):
        made.append(SqliteCache(path, **options))
        return made[-1]

    yield make
    for cache in made:
        cache.close()


def test_a_full_memory_cache_lets_the_oldest_claim_go():
    cache = MemoryCache(claims=3)
    for key in "abcd":
        assert claim(cache, key, key.encode()) is None
    assert len(cache) == 3
    assert claim(cache, "d") == b"d"
    assert claim(cache, "b") == b"b"
    assert claim(cache, "a") is None


def test_ended_claims_do_not_pile_up_in_memory():
    cache = MemoryCache()
    for number in range(1_000):
        claim(cache, f"key-{number}", now=Time(NOW + number), lasts_us=10)
    assert len(cache) <= 12


def test_ended_claims_do_not_pile_up_in_a_file(shared, path):
    cache = shared()
    for number in range(1_000):
        claim(cache, f"key-{number}", now=Time(NOW + number), lasts_us=10)
    assert rows(path) < SWEPT


def test_a_full_file_lets_the_oldest_claims_go(shared, path):
    cache = shared(claims=500)
    for number in range(1_000):
        claim(cache, f"key-{number}", b"%d" % number)
    assert 500 <= rows(path) < 500 + SWEPT
    assert claim(cache, "key-999") == b"999"
    assert claim(cache, "key-0") is None


def test_a_large_call_takes_out_as_many_as_it_brings(shared, path):
    cache = shared(claims=500)
    for turn in range(5):
        cache.claim([(f"{turn}-{number}", b"x", END) for number in range(2_000)], NOW)
    assert rows(path) <= 2_500


def damage(path):
    with path.open("r+b") as file:
        file.seek(0)
        file.write(b"no database at all" * 5_000)


def of_another_boot(path):
    connection = driver.connect(path)
    connection.execute("UPDATE facts SET value = 'yesterday' WHERE name = 'boot'")
    connection.commit()
    connection.close()


def of_another_version(path):
    connection = driver.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def another_thing(path):
    path.unlink()
    path.write_text("a shopping list\n" * 100)


def nothing(path):
    path.unlink()
    path.touch()


@pytest.mark.parametrize(
    "trouble", [damage, of_another_boot, of_another_version, another_thing, nothing]
)
def test_a_file_that_cannot_be_trusted_is_made_anew(shared, path, trouble):
    """And says that it is not filled, so that the log fills it; it is told why."""
    before = shared()
    claim(before, "a", b"one")
    before.fill([], NOW)
    before.close()
    trouble(path)
    with structlog.testing.capture_logs() as told:
        cache = shared()
        assert not cache.filled()
        assert claim(cache, "a", b"two") is None
        assert claim(shared(), "a") == b"two"
    assert [line["event"] for line in told] == ["the cache is made anew"]


def test_a_file_damaged_while_in_use_is_thrown_away_by_one_and_made_anew(shared, path):
    caches = [shared() for _ in range(4)]
    for number, cache in enumerate(caches):
        assert claim(cache, f"key-{number}") is None
    for end in ("", "-wal"):
        damage(path.with_name(path.name + end))
    failed = 0
    for cache in caches:
        try:
            claim(cache, "a", b"one")
        except Corrupt:
            failed += 1
    assert failed >= 1
    found = [claim(cache, "a", b"two") for cache in caches]
    assert found.count(None) <= 1
    assert set(found) <= {None, b"one", b"two"}
    assert len({claim(cache, "a") for cache in caches}) == 1


def test_a_file_removed_while_in_use_is_made_anew(shared, path):
    first, second = shared(), shared()
    claim(first, "a", b"one")
    assert claim(second, "a") == b"one"
    path.unlink()  # its WAL stays, and must not be taken for the new one's
    assert claim(first, "a", b"two") is None
    assert claim(second, "a", b"three") == b"two"
    assert not second.filled()


def test_who_keeps_the_cache_is_not_waited_for(shared, path):
    cache = shared()
    claim(cache, "a", b"one")
    hog = driver.connect(path, isolation_level=None)
    hog.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        claim(cache, "b", b"two")
    hog.execute("ROLLBACK")
    hog.close()
    assert claim(cache, "b", b"three") is None


FILLING = """
import json, sys
from pathlib import Path
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.base import Time
cache = SqliteCache(Path(sys.argv[1]))
known = [(f"key-{number}", b"x" * 400, Time(1_000)) for number in range(5_000)]
input()
print(json.dumps([cache.fill(known, Time(0)), cache.filled()]))
"""


def test_one_process_fills_it_and_claims_do_not_wait_for_that(path, shared):
    """All that want to fill it find it filled when they go on."""
    fillers = _started(FILLING, path, 3)
    cache = shared()
    number = 0
    while any(process.poll() is None for process in fillers):
        number += 1
        assert claim(cache, f"mine-{number}", b"mine", now=Time(0)) is None
    told = _told(fillers)
    assert sorted(put for put, _ in told) == [0, 0, 5_000]
    assert all(filled for _, filled in told)
    assert claim(cache, "key-4999", now=Time(1)) == b"x" * 400
    assert claim(cache, f"mine-{number}", now=Time(1)) == b"mine"


def test_who_keeps_the_lock_of_the_file_is_not_waited_for(shared):
    keeper, cache = shared(), shared()
    with (
        keeper._file.alone("opening", 1.0),
        pytest.raises(Unavailable, match="another process holds it"),
    ):
        claim(cache, "a")
    assert claim(cache, "a") is None


def test_a_closed_cache_says_so(shared):
    cache = shared()
    cache.close()
    with pytest.raises(Unavailable, match="closed"):
        claim(cache, "a")


def test_a_machine_that_does_not_name_its_starts_has_a_cache(shared, monkeypatch, tmp_path):
    monkeypatch.setattr(disposable, "_BOOT", tmp_path / "nowhere")
    assert claim(shared(), "a", b"one") is None
    assert claim(shared(), "a") == b"one"


FIGHT = """
import json, sys
from pathlib import Path
from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.base import Time
cache, mine, found = SqliteCache(Path(sys.argv[1])), sys.argv[2], []
input()
for key in range(300):
    (claim,) = cache.claim([(f"key-{key}", mine.encode(), Time(1_000))], Time(0))
    found.append(mine if claim is None else claim.value.decode())
print(json.dumps(found))
"""


def test_processes_agree(path):
    """All start at once, on a file that is not there yet."""
    answers = _told(_started(FIGHT, path, 4))
    for found in zip(*answers, strict=True):
        assert len(set(found)) == 1
    assert len(answers[0]) == 300


def test_a_full_disk_costs_claims_until_there_is_room(on_small_disk):
    told = on_small_disk(
        """
        from tamesu.adapters.cache.sqlite import SqliteCache
        from tamesu.base import Time
        cache = SqliteCache(place / "cache.sqlite3")
        def claim(key):
            return cache.claim([(key, b"x" * 2000, Time(1_000))], Time(0))
        claim("first")
        fill()
        told["full"] = [error(claim, f"full-{n}")[0] for n in range(50)]
        empty()
        told["after"] = [claim("after") == [None], claim("first")[0].value == b"x" * 2000]
        cache.close()
        remount("ro")
        told["read-only"] = error(SqliteCache(place / "cache.sqlite3").claim, [("a", b"", Time(1))], Time(0))
        """
    )
    assert "Unavailable" in told["full"]
    assert set(told["full"]) <= {"Unavailable", "no error"}
    assert told["after"] == [True, True]
    assert told["read-only"][0] == "Unavailable"
