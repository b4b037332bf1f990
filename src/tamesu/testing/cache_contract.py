"""The laws of a cache, as `tamesu.ports.Cache` states them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tamesu.base import Time
from tamesu.ports import Cache

NOW = Time(1_700_000_000_000_000)
LASTS_US = 1_000_000
THREADS = 8


class CacheContract:
    """Bind an adapter by a subclass that defines `make`."""

    def make(self, place: Path) -> Cache:
        """A new cache."""
        raise NotImplementedError

    def test_the_first_claim_stays(self, tmp_path: Path) -> None:
        """Duplicate case: who comes later gets what was there; another key is another claim."""
        cache = self.make(tmp_path)
        assert cache.claim("a", b"one", NOW, LASTS_US) is None
        assert cache.claim("a", b"two", NOW, LASTS_US) == b"one"
        assert cache.claim("a", b"three", NOW, LASTS_US) == b"one"
        assert cache.claim("b", b"two", NOW, LASTS_US) is None

    def test_a_claim_ends_with_its_time_to_live(self, tmp_path: Path) -> None:
        """To the microsecond; later claims do not lengthen it."""
        cache = self.make(tmp_path)
        cache.claim("a", b"one", NOW, LASTS_US)
        last = Time(NOW + LASTS_US - 1)
        assert cache.claim("a", b"two", last, LASTS_US) == b"one"
        end = Time(NOW + LASTS_US)
        assert cache.claim("a", b"three", end, LASTS_US) is None
        assert cache.claim("a", b"four", end, LASTS_US) == b"three"

    def test_claims_of_other_keys_and_lengths_do_not_end_it(self, tmp_path: Path) -> None:
        """A short claim before or after a long one ends alone."""
        cache = self.make(tmp_path)
        cache.claim("short", b"s", NOW, 1)
        cache.claim("long", b"l", NOW, 10 * LASTS_US)
        cache.claim("later", b"x", NOW, 1)
        later = Time(NOW + LASTS_US)
        assert cache.claim("fresh", b"f", later, LASTS_US) is None
        assert cache.claim("long", b"m", later, LASTS_US) == b"l"
        assert cache.claim("short", b"m", later, LASTS_US) is None

    def test_a_dropped_claim_is_gone(self, tmp_path: Path) -> None:
        """And dropping what is not there does nothing."""
        cache = self.make(tmp_path)
        cache.claim("a", b"one", NOW, LASTS_US)
        cache.claim("b", b"b", NOW, LASTS_US)
        cache.drop("a")
        cache.drop("a")
        cache.drop("never")
        assert cache.claim("a", b"two", NOW, LASTS_US) is None
        assert cache.claim("b", b"c", NOW, LASTS_US) == b"b"

    def test_of_many_that_claim_at_once_one_gets_it(self, tmp_path: Path) -> None:
        """Concurrent case: exactly one gets none, and the others get its value."""
        cache = self.make(tmp_path)
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in range(50):
                key = f"key-{turn}"
                values = [bytes([number]) for number in range(THREADS)]
                answers = list(
                    pool.map(lambda value, key=key: cache.claim(key, value, NOW, LASTS_US), values)
                )
                winner = values[answers.index(None)]
                assert answers.count(None) == 1
                assert [answer for answer in answers if answer] == [winner] * (THREADS - 1)
