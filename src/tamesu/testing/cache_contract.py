"""The laws of a cache, as `tamesu.ports.Cache` states them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tamesu.base import Time
from tamesu.ports import Cache, Claim

NOW = Time(1_700_000_000_000_000)
LASTS_US = 1_000_000
LAST = Time(NOW + LASTS_US - 1)
END = Time(NOW + LASTS_US)
LATER = Time(NOW + 2 * LASTS_US)
THREADS = 8


def one(cache: Cache, key: str, value: bytes, now: Time = NOW) -> bytes | None:
    """The value that stood before a claim of one key, if one did."""
    (found,) = cache.claim([(key, value)], now, LASTS_US)
    return None if found is None else found.value


class CacheContract:
    """Bind an adapter by a subclass that defines `make`.

    Attributes:
        shared: caches made at one place are one cache, whichever process has them; false for one
            that lives in its process alone.
    """

    shared = True

    def make(self, place: Path) -> Cache:
        """A cache at `place`, a folder; there may be another one."""
        raise NotImplementedError

    def test_the_first_claim_stays(self, tmp_path: Path) -> None:
        """Duplicate case: who comes later gets what was there; another key is another claim."""
        cache = self.make(tmp_path)
        assert one(cache, "a", b"one") is None
        assert one(cache, "a", b"two") == b"one"
        assert one(cache, "a", b"one") == b"one"
        assert one(cache, "b", b"two") is None
        cache.close()

    def test_claims_of_one_call_are_answered_in_their_order(self, tmp_path: Path) -> None:
        """New and old ones mixed; of two of one key the first stays. No claims: no answers."""
        cache = self.make(tmp_path)
        assert cache.claim([], NOW, LASTS_US) == []
        assert cache.claim([("b", b"old")], NOW, LASTS_US) == [None]
        wanted = [("a", b"1"), ("b", b"2"), ("c", b"3"), ("a", b"4"), ("c", b"5")]
        found = cache.claim(wanted, NOW, LASTS_US)
        old, first, third = Claim(b"old", False), Claim(b"1", False), Claim(b"3", False)
        assert found == [None, old, None, first, third]
        many = [(f"key-{number}", str(number).encode()) for number in range(1_500)]
        assert cache.claim(many, NOW, LASTS_US) == [None] * 1_500
        again = [(key, b"late") for key, _ in reversed(many)]
        answers = cache.claim(again, NOW, LASTS_US)
        assert answers == [Claim(value, False) for _, value in reversed(many)]
        cache.close()

    def test_a_claim_ends_with_its_time_to_live(self, tmp_path: Path) -> None:
        """To the microsecond; later claims do not lengthen it, and one may follow it."""
        cache = self.make(tmp_path)
        one(cache, "a", b"one")
        assert one(cache, "a", b"two", LAST) == b"one"
        assert cache.find("a", LAST) == Claim(b"one", False)
        assert cache.find("a", END) is None
        assert one(cache, "a", b"three", END) is None
        assert one(cache, "a", b"four", END) == b"three"
        cache.close()

    def test_what_stands_is_found_and_stays_as_it_is(self, tmp_path: Path) -> None:
        """Confirmed or not; looking where nothing is puts nothing there."""
        cache = self.make(tmp_path)
        assert cache.find("a", NOW) is None
        cache.claim([("a", b"one"), ("b", b"two")], NOW, LASTS_US)
        assert cache.find("a", LAST) == Claim(b"one", False)
        cache.confirm([("a", b"one")])
        assert cache.find("a", LAST) == Claim(b"one", True)
        assert cache.find("b", LAST) == Claim(b"two", False)
        assert one(cache, "b", b"three", LAST) == b"two"
        cache.close()

    def test_claims_of_other_keys_and_lengths_do_not_end_it(self, tmp_path: Path) -> None:
        """A short claim before or after a long one ends alone."""
        cache = self.make(tmp_path)
        cache.claim([("short", b"s")], NOW, 1)
        cache.claim([("long", b"l")], NOW, 10 * LASTS_US)
        cache.claim([("later", b"x")], NOW, 1)
        assert one(cache, "fresh", b"f", END) is None
        assert one(cache, "long", b"m", END) == b"l"
        assert one(cache, "short", b"m", END) is None
        cache.close()

    def test_a_confirmed_claim_says_so(self, tmp_path: Path) -> None:
        """Only the value that was confirmed, for as long as it lives; what follows it starts anew."""
        cache = self.make(tmp_path)
        cache.claim([("a", b"one"), ("b", b"two"), ("c", b"three")], NOW, LASTS_US)
        cache.confirm([])
        cache.confirm([("a", b"one"), ("b", b"another"), ("never", b"x"), ("c", b"three")])
        asked = [("a", b""), ("b", b""), ("c", b"")]
        one_, two, three = Claim(b"one", True), Claim(b"two", False), Claim(b"three", True)
        assert cache.claim(asked, LAST, LASTS_US) == [one_, two, three]
        assert cache.claim([("a", b"next")], LATER, LASTS_US) == [None]
        assert cache.claim([("a", b"")], LATER, LASTS_US) == [Claim(b"next", False)]
        cache.close()

    def test_what_stands_unconfirmed_may_be_replaced(self, tmp_path: Path) -> None:
        """The new value starts anew; what is not exactly so stays as it is."""
        cache = self.make(tmp_path)
        cache.claim([("a", b"one"), ("b", b"two"), ("c", b"three")], NOW, LASTS_US)
        cache.confirm([("b", b"two")])
        assert not cache.replace("a", b"another", b"new", LAST, LASTS_US)
        assert not cache.replace("b", b"two", b"new", LAST, LASTS_US)
        assert not cache.replace("c", b"three", b"new", LATER, LASTS_US)
        assert not cache.replace("never", b"", b"new", LAST, LASTS_US)
        assert cache.replace("a", b"one", b"new", LAST, LASTS_US)
        assert not cache.replace("a", b"one", b"newer", LAST, LASTS_US)
        asked = [("a", b""), ("b", b""), ("never", b"")]
        found = [Claim(b"new", False), Claim(b"two", True), None]
        assert cache.claim(asked, LAST, LASTS_US) == found
        assert one(cache, "a", b"", Time(END + LASTS_US // 2)) == b"new"
        assert one(cache, "a", b"", Time(END + LASTS_US)) is None
        cache.close()

    def test_what_is_known_from_elsewhere_fills_it(self, tmp_path: Path) -> None:
        """Confirmed, to its own end, and where nothing live is; then it says that it is filled."""
        cache = self.make(tmp_path)
        assert not cache.filled()
        cache.claim([("over", b"mine")], NOW, 1)
        cache.claim([("live", b"mine")], NOW, LASTS_US)
        assert not cache.filled()
        now = Time(NOW + 10)
        known = [
            ("live", b"other", Time(END + 5)),
            ("over", b"other", Time(END + 5)),
            ("ended", b"x", now),
            ("a", b"one", Time(now + 1)),
            ("a", b"two", Time(END + 5)),
        ]
        assert cache.fill(iter(known), now) == 2
        assert cache.filled()
        asked = [("live", b""), ("over", b""), ("ended", b""), ("a", b"")]
        mine, other, first = Claim(b"mine", False), Claim(b"other", True), Claim(b"one", True)
        assert cache.claim(asked, now, LASTS_US) == [mine, other, None, first]
        assert one(cache, "a", b"next", Time(now + 1)) is None
        assert cache.fill([("more", b"x", END)], now) == 0
        assert one(cache, "more", b"y", now) is None
        cache.close()

    def test_a_filling_that_breaks_off_has_not_filled(self, tmp_path: Path) -> None:
        """What reads the source may fail: the next one begins anew."""

        def breaks() -> object:
            yield "a", b"one", END
            raise KeyError("the source")

        cache = self.make(tmp_path)
        try:
            cache.fill(breaks(), NOW)  # type: ignore[arg-type]  # a generator that raises
        except KeyError:
            assert not cache.filled()
        assert cache.fill([("a", b"one", END), ("b", b"two", END)], NOW) >= 1
        assert cache.filled()
        assert one(cache, "b", b"") == b"two"
        cache.close()

    def test_of_many_that_claim_at_once_one_gets_it(self, tmp_path: Path) -> None:
        """Concurrent case: exactly one gets none, and the others get its value."""
        caches = self._several(tmp_path)
        values = [bytes([number]) for number in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in range(50):
                key = f"key-{turn}"
                answers = list(
                    pool.map(lambda cache, value, key=key: one(cache, key, value), caches, values)
                )
                winner = values[answers.index(None)]
                assert answers.count(None) == 1
                assert [answer for answer in answers if answer] == [winner] * (THREADS - 1)
        _close(caches)

    def test_of_many_that_replace_at_once_one_does(self, tmp_path: Path) -> None:
        """Concurrent case: and its value stands."""
        caches = self._several(tmp_path)
        values = [b"new-%d" % number for number in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in range(30):
                key = f"key-{turn}"
                one(caches[0], key, b"old")
                done = list(
                    pool.map(
                        lambda cache, new, key=key: cache.replace(key, b"old", new, NOW, LASTS_US),
                        caches,
                        values,
                    )
                )
                assert done.count(True) == 1
                assert one(caches[-1], key, b"") == values[done.index(True)]
        _close(caches)

    def test_caches_at_one_place_are_one_cache(self, tmp_path: Path) -> None:
        """Where they are shared; elsewhere they know nothing of each other. Closing ends nothing."""
        first, second = self.make(tmp_path), self.make(tmp_path)
        first.claim([("a", b"one"), ("b", b"two")], NOW, LASTS_US)
        second.confirm([("a", b"one")])
        first.fill([], NOW)
        found = second.claim([("a", b"x"), ("b", b"y")], NOW, LASTS_US)
        if not self.shared:
            assert found == [None, None]
            assert not second.filled()
            return
        assert found == [Claim(b"one", True), Claim(b"two", False)]
        assert second.filled()
        first.close()
        first.close()
        second.close()
        third = self.make(tmp_path)
        assert third.filled()
        assert one(third, "b", b"") == b"two"
        third.close()

    def _several(self, place: Path) -> list[Cache]:
        """One a thread where they are shared, else one for all."""
        caches = [self.make(place) for _ in range(THREADS if self.shared else 1)]
        return caches if self.shared else caches * THREADS


def _close(caches: list[Cache]) -> None:
    for cache in caches:
        cache.close()
