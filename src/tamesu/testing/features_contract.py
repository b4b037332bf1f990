"""The laws of a store of features, as `tamesu.ports.Features` states them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tamesu.ports import Features

THREADS = 8
PAUSE = threading.Event()


def one(features: Features, key: str, entity: str = "unit") -> dict[str, Any] | None:
    """What is kept of one key."""
    (found,) = features.find(entity, [key])
    return found


class FeaturesContract:
    """Bind an adapter by a subclass that defines `make`.

    Attributes:
        shared: what is made at one place is one, whichever process has it, and outlives them all;
            false for one that lives in its process alone.
    """

    shared = True

    def make(self, place: Path) -> Features:
        """A store of features at `place`, a folder; there may be another one."""
        raise NotImplementedError

    def test_what_is_put_is_found_as_it_was(self, tmp_path: Path) -> None:
        """Numbers, texts, booleans, lists, and nothing in particular; a change takes all of it."""
        features = self.make(tmp_path)
        known = {"plan": "pro", "visits": 12, "score": 0.1, "new": False, "topics": ["a", 2]}
        features.put("unit", "u-1", known)
        features.put("unit", "u-2", {})
        assert one(features, "u-1") == known
        assert one(features, "u-2") == {}
        features.put("unit", "u-1", {"plan": "free"})
        assert one(features, "u-1") == {"plan": "free"}
        features.close()

    def test_each_of_several_is_found_or_not(self, tmp_path: Path) -> None:
        """In the order asked, also twice, and more than go into one question."""
        features = self.make(tmp_path)
        for number in range(3):
            features.put("unit", f"u-{number}", {"n": number})
        assert features.find("unit", []) == []
        keys = ["u-2", "never", "u-0", "u-2", *(f"none-{n}" for n in range(1_200)), "u-1"]
        found = features.find("unit", keys)
        assert found[:4] == [{"n": 2}, None, {"n": 0}, {"n": 2}]
        assert found[4:] == [None] * 1_200 + [{"n": 1}]
        features.close()

    def test_entities_do_not_meet(self, tmp_path: Path) -> None:
        """The same key of another entity is another; keys are kept to the letter."""
        features = self.make(tmp_path)
        features.put("unit", "a", {"n": 1})
        features.put("shop", "a", {"n": 2})
        features.put("unit", "A", {"n": 3})
        features.put("unit", "a/b ü", {"n": 4})
        assert [one(features, key) for key in ("a", "A", "a/b ü")] == [{"n": 1}, {"n": 3}, {"n": 4}]
        assert one(features, "a", "shop") == {"n": 2}
        features.close()

    def test_what_is_deleted_is_gone(self, tmp_path: Path) -> None:
        """It says whether anything was there; another key stays; it may be put again."""
        features = self.make(tmp_path)
        features.put("unit", "a", {"n": 1})
        features.put("unit", "b", {"n": 2})
        assert not features.delete("unit", "never")
        assert not features.delete("shop", "a")
        assert features.delete("unit", "a")
        assert not features.delete("unit", "a")
        assert features.find("unit", ["a", "b"]) == [None, {"n": 2}]
        features.put("unit", "a", {"n": 3})
        assert one(features, "a") == {"n": 3}
        features.close()

    def test_it_says_whether_anything_is_kept(self, tmp_path: Path) -> None:
        """Of any entity; an object without members is something."""
        features = self.make(tmp_path)
        assert features.empty()
        features.put("shop", "a", {})
        assert not features.empty()
        features.delete("shop", "a")
        assert features.empty()
        features.close()

    def test_puts_at_once_leave_one_whole(self, tmp_path: Path) -> None:
        """Concurrent case: what stands is what one of them put, and whoever looks sees it whole."""
        several = [self.make(tmp_path) for _ in range(THREADS if self.shared else 1)]
        several *= 1 if self.shared else THREADS
        several[0].put("unit", "a", {"one": 0, "other": 0})

        def work(number: int) -> bool:
            mine, whole = several[number], True
            for turn in range(40):
                value = 100 * number + turn
                if number % 2:
                    mine.put("unit", "a", {"one": value, "other": value})
                else:
                    found = one(mine, "a") or {}
                    whole &= found.keys() == {"one", "other"} and found["one"] == found["other"]
                    PAUSE.wait(0.001)
            return whole

        with ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(work, range(THREADS)))
        assert (one(several[0], "a") or {})["one"] in {100 * n + 39 for n in range(THREADS)}
        for features in several:
            features.close()

    def test_features_at_one_place_are_the_same(self, tmp_path: Path) -> None:
        """Where they are shared, at once and after all were closed; elsewhere they know nothing."""
        first, second = self.make(tmp_path), self.make(tmp_path)
        first.put("unit", "a", {"n": 1})
        if not self.shared:
            assert second.empty()
            return
        assert one(second, "a") == {"n": 1}
        assert not second.empty()
        second.delete("unit", "a")
        assert first.empty()
        first.put("unit", "a", {"n": 2})
        for features in (first, first, second):
            features.close()
        third = self.make(tmp_path)
        assert one(third, "a") == {"n": 2}
        third.close()
