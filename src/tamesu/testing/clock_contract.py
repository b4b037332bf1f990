"""The laws of clocks and of id sources, as `tamesu.ports.clock` states them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tamesu.base import Time, decision_id, parse_decision_id
from tamesu.ports import Clock, IdSource

NOW = Time(1_700_000_000_123_456)
THREADS = 4
IDS = 2_000


class ClockContract:
    """Bind a clock by a subclass that defines `make`."""

    def make(self) -> Clock:
        """A new clock."""
        raise NotImplementedError

    def test_now_is_a_moment_in_microseconds(self) -> None:
        """After 2020 and before 2200, so neither seconds nor nanoseconds."""
        now = self.make().now()
        assert isinstance(now, Time)
        assert 1_577_836_800_000_000 < now < 7_258_118_400_000_000

    def test_sleeping_lets_time_pass(self) -> None:
        """At least what was asked; nothing for nothing, or less."""
        clock = self.make()
        before = clock.now()
        clock.sleep(2_000)
        clock.sleep(0)
        clock.sleep(-5)
        # A wall clock may be stepped meanwhile, but hardly by a second.
        assert 2_000 <= clock.now() - before < 1_000_000


class IdSourceContract:
    """Bind a source by a subclass that defines `make`."""

    def make(self) -> IdSource:
        """A new source."""
        raise NotImplementedError

    def test_an_id_says_its_moment(self) -> None:
        """32 hex digits that parse as a version 7 UUID of that millisecond."""
        ids = self.make()
        for moment in (Time(0), NOW, Time((1 << 48) * 1_000 - 1)):
            uuid = ids.uuid7(moment)
            assert (
                parse_decision_id(decision_id("home", 1, uuid)).decided == moment // 1_000 * 1_000
            )

    def test_no_id_is_given_twice(self) -> None:
        """Of one millisecond, and from many threads."""
        ids = self.make()
        with ThreadPoolExecutor(THREADS) as pool:
            given = list(pool.map(lambda _: ids.uuid7(NOW), range(IDS * THREADS)))
        assert len(set(given)) == IDS * THREADS

    def test_seeds_are_63_bits_and_differ(self) -> None:
        """In [0, 2^63), spread over all of it."""
        ids = self.make()
        seeds = {ids.seed() for _ in range(1_000)}
        assert len(seeds) == 1_000
        assert all(0 <= seed < 1 << 63 for seed in seeds)
        assert min(seeds) < 1 << 57
        assert max(seeds) > (1 << 63) - (1 << 57)
