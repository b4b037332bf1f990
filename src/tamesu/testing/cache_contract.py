"""The laws of a cache, as `tamesu.ports.Cache` states them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tamesu.base import Time
from tamesu.ports import Cache, Claim, Wanted

NOW = Time(1_700_000_000_000_000)
LASTS_US = 1_000_000
LAST = Time(NOW + LASTS_US - 1)
END = Time(NOW + LASTS_US)
LATER = Time(NOW + 2 * LASTS_US)
THREADS = 8


def one(cache: Cache, key: str, value: bytes, now: Time = NOW) -> bytes | None:
    """The value that stood before a claim of one key, if one did."""
    (found,) = cache.claim([(key, value, Time(now + LASTS_US))], now)
    return None if found is None else found.value


def lasting(*pairs: tuple[str, bytes], now: Time = NOW, lasts_us: int = LASTS_US) -> list[Wanted]:
    """Claims of these keys and values, for that long from `now` on."""
    return [(key, value, Time(now + lasts_us)) for key, value in pairs]


def standing(cache: Cache, key: str, now: Time = NOW) -> Claim | None:
    """What stands under one key."""
    (found,) = cache.find([key], now)
    return found


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
        assert cache.claim([], NOW) == []
        assert cache.claim(lasting(("b", b"old")), NOW) == [None]
        wanted = [("a", b"1"), ("b", b"2"), ("c", b"3"), ("a", b"4"), ("c", b"5")]
        found = cache.claim(lasting(*wanted), NOW)
        old, first, third = Claim(b"old", False), Claim(b"1", False), Claim(b"3", False)
        assert found == [None, old, None, first, third]
        many = [(f"key-{number}", str(number).encode()) for number in range(1_500)]
        assert cache.claim(lasting(*many), NOW) == [None] * 1_500
        again = [(key, b"late") for key, _ in reversed(many)]
        answers = cache.claim(lasting(*again), NOW)
        assert answers == [Claim(value, False) for _, value in reversed(many)]
        cache.close()

    def test_a_claim_ends_with_its_time_to_live(self, tmp_path: Path) -> None:
        """To the microsecond; later claims do not lengthen it, and one may follow it."""
        cache = self.make(tmp_path)
        one(cache, "a", b"one")
        assert one(cache, "a", b"two", LAST) == b"one"
        assert standing(cache, "a", LAST) == Claim(b"one", False)
        assert standing(cache, "a", END) is None
        assert one(cache, "a", b"three", END) is None
        assert one(cache, "a", b"four", END) == b"three"
        cache.close()

    def test_what_stands_is_found_and_stays_as_it_is(self, tmp_path: Path) -> None:
        """Confirmed or not; looking where nothing is puts nothing there."""
        cache = self.make(tmp_path)
        assert standing(cache, "a", NOW) is None
        cache.claim(lasting(("a", b"one"), ("b", b"two")), NOW)
        assert standing(cache, "a", LAST) == Claim(b"one", False)
        cache.confirm([("a", b"one")])
        assert standing(cache, "a", LAST) == Claim(b"one", True)
        assert standing(cache, "b", LAST) == Claim(b"two", False)
        assert one(cache, "b", b"three", LAST) == b"two"
        cache.close()

    def test_claims_of_other_keys_and_lengths_do_not_end_it(self, tmp_path: Path) -> None:
        """A short claim before or after a long one ends alone."""
        cache = self.make(tmp_path)
        cache.claim(lasting(("short", b"s"), lasts_us=1), NOW)
        cache.claim(lasting(("long", b"l"), lasts_us=10 * LASTS_US), NOW)
        cache.claim(lasting(("later", b"x"), lasts_us=1), NOW)
        assert one(cache, "fresh", b"f", END) is None
        assert one(cache, "long", b"m", END) == b"l"
        assert one(cache, "short", b"m", END) is None
        cache.close()

    def test_a_confirmed_claim_says_so(self, tmp_path: Path) -> None:
        """Only the value that was confirmed, for as long as it lives; what follows it starts anew."""
        cache = self.make(tmp_path)
        cache.claim(lasting(("a", b"one"), ("b", b"two"), ("c", b"three")), NOW)
        cache.confirm([])
        cache.confirm([("a", b"one"), ("b", b"another"), ("never", b"x"), ("c", b"three")])
        asked = [("a", b""), ("b", b""), ("c", b"")]
        one_, two, three = Claim(b"one", True), Claim(b"two", False), Claim(b"three", True)
        assert cache.claim(lasting(*asked, now=LAST), LAST) == [one_, two, three]
        assert cache.claim(lasting(("a", b"next"), now=LATER), LATER) == [None]
        assert cache.claim(lasting(("a", b""), now=LATER), LATER) == [Claim(b"next", False)]
        cache.close()

    def test_what_stands_may_be_dropped(self, tmp_path: Path) -> None:
        """By its value, confirmed or not; another value stays, and what was dropped may be claimed."""
        cache = self.make(tmp_path)
        cache.claim(lasting(("a", b"one"), ("b", b"two"), ("c", b"three")), NOW)
        cache.confirm([("b", b"two")])
        assert cache.drop([]) == 0
        assert cache.drop([("a", b"another"), ("never", b"one")]) == 0
        assert standing(cache, "a", LAST) == Claim(b"one", False)
        assert cache.drop([("a", b"one"), ("c", b"another"), ("b", b"two")]) == 2
        assert cache.drop([("a", b"one")]) == 0
        found = [cache.find(["a", "b", "c"], LAST)]
        assert found == [[None, None, Claim(b"three", False)]]
        assert one(cache, "a", b"new", LAST) is None
        assert one(cache, "a", b"newer", Time(END + LASTS_US // 2)) == b"new"
        cache.close()

    def test_each_of_several_is_found_or_not(self, tmp_path: Path) -> None:
        """In the order asked, also twice, and more than go into one question."""
        cache = self.make(tmp_path)
        assert cache.find([], NOW) == []
        many = [(f"key-{number}", str(number).encode()) for number in range(1_500)]
        cache.claim(lasting(*many), NOW)
        keys = ["never", *(key for key, _ in reversed(many)), "key-7"]
        values = [value for _, value in reversed(many)]
        expected = [None, *(Claim(value, False) for value in values), Claim(b"7", False)]
        assert cache.find(keys, LAST) == expected
        cache.close()

    def test_what_is_known_from_elsewhere_fills_it(self, tmp_path: Path) -> None:
        """Confirmed, to its own end, and where nothing live is; then it says that it is filled."""
        cache = self.make(tmp_path)
        assert not cache.filled()
        cache.claim(lasting(("over", b"mine"), lasts_us=1), NOW)
        cache.claim(lasting(("live", b"mine")), NOW)
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
        assert cache.claim(lasting(*asked, now=now), now) == [mine, other, None, first]
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

    def test_of_many_that_drop_at_once_one_does(self, tmp_path: Path) -> None:
        """Concurrent case: and of those who then claim, one."""
        caches = self._several(tmp_path)
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in range(30):
                key = f"key-{turn}"
                one(caches[0], key, b"old")
                done = list(pool.map(lambda cache, key=key: cache.drop([(key, b"old")]), caches))
                assert sorted(done) == [0] * (THREADS - 1) + [1]
                assert standing(caches[-1], key) is None
        _close(caches)

    def test_caches_at_one_place_are_one_cache(self, tmp_path: Path) -> None:
        """Where they are shared; elsewhere they know nothing of each other. Closing ends nothing."""
        first, second = self.make(tmp_path), self.make(tmp_path)
        first.claim(lasting(("a", b"one"), ("b", b"two")), NOW)
        second.confirm([("a", b"one")])
        first.fill([], NOW)
        found = second.claim(lasting(("a", b"x"), ("b", b"y")), NOW)
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
