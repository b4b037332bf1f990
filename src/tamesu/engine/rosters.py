"""`Rosters`: which arms were active, and what they told of themselves, when a snapshot decided.

A roster changes by command alone, and what a command made is always kept: so the newest kept snapshot up to a version
says the roster of that version. Refuses to look at states.
"""

from __future__ import annotations

from bisect import bisect_right

from tamesu.base import Corrupt, Roster, Status
from tamesu.ports import Store


class Rosters:
    """The rosters of `bandit`, each read once.

    Args:
        store: of the installation.
        bandit: its name.
    """

    def __init__(self, store: Store, bandit: str) -> None:
        self._store, self._bandit = store, bandit
        headers = store.snapshots(bandit)
        self._versions = [one.version for one in headers]
        # What is made anew after a deletion begins with the roster of its declaration.
        self._rosters = [0 if one.status is Status.DELETED else one.roster for one in headers]
        self._read: dict[tuple[int, int], Roster] = {}

    def at(self, number: int, version: int) -> Roster:
        """The roster by which `version` decided, under the declaration `number`; version 0 is its prior.

        Raises:
            Corrupt: the store does not hold it.
        """
        place = bisect_right(self._versions, version) - 1
        roster = self._rosters[place] if version and place >= 0 else 0
        key = 0 if roster else number, roster
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = self._found(number, roster)
        return found

    def _found(self, number: int, roster: int) -> Roster:
        found: Roster | None = None
        if roster:
            found = self._store.roster(self._bandit, roster)
        else:
            declared = self._store.declared(self._bandit, number)
            if declared is not None:
                found = Roster.of(declared.declaration, declared.created)
        if found is None:
            what = f"roster {roster}" if roster else f"declaration {number}"
            raise Corrupt(
                f"the store must hold {what} of {self._bandit!r}, it does not",
                hint="restore the store from a backup",
                bandit=self._bandit,
            )
        return found
