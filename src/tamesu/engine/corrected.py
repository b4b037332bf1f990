"""`Corrected`: corrections that wait in the store, on their way into a commit.

The closed-slice job found them; here they become rows like any. Refuses to judge them, and to take one
twice: the store lets go of it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from tamesu.base import Correction, Observations, Time
from tamesu.base.counts import merge
from tamesu.ports import Store

LOOK_US = 1_000_000
"""Rest between two looks that found nothing."""

MOST = 5_000
"""Corrections of one commit: bounds what a step takes to learn them."""


class Corrected:
    """The corrections that the next commit takes.

    Attributes:
        more: whether others wait behind those that were taken last.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked: Time | None = None
        self._found: Sequence[Correction] = ()
        self.more = False

    def __len__(self) -> int:
        return len(self._found)

    def look(self, now: Time, *, at_once: bool = False) -> None:
        """Looks whether there are any, once a second or `at_once`."""
        if self._found:
            return
        if at_once or self.more or self._looked is None or not 0 <= now - self._looked < LOOK_US:
            self._found = self._store.corrections(waiting=True, most=MOST)
            self._looked, self.more = now, False

    def groups(self) -> list[Observations]:
        """Their rows, one batch per bandit and declaration."""
        rows: dict[tuple[str, int], list[Correction]] = {}
        for one in self._found:
            rows.setdefault((one.bandit, one.declaration), []).append(one)
        return [
            Observations.of(bandit, number, [one.observation for one in found])
            for (bandit, number), found in sorted(rows.items())
        ]

    def moved(self) -> Mapping[str, Mapping[str, int]]:
        """What they change of the counts."""
        counts: dict[str, dict[str, int]] = {}
        for one in self._found:
            counts = merge(counts, {one.bandit: one.moved})
        return counts

    def taken(self, read: tuple[int, ...], version: Callable[[str], int]) -> list[Correction]:
        """They, as the store keeps them from now on.

        Args:
            read: offsets up to which the log was read.
            version: of a bandit's newest snapshot, those of this commit included.
        """
        return [
            msgspec.structs.replace(one, read=read, snapshot=version(one.bandit))
            for one in self._found
        ]

    def name(self) -> str:
        """What tells this set of them from any other that is ever taken."""
        keys = msgspec.json.encode([one.key for one in self._found])
        return blake2b(keys, digest_size=6).hexdigest()

    def committed(self) -> None:
        """They are taken."""
        self.more = len(self._found) == MOST
        self._found = ()
