"""`Catalogue`: the bandits that this server serves, kept up to date by polling.

A thread asks the store for versions five times a second, prepares what is new and swaps it in by
reference. A store that is down changes nothing but the age that is reported. Refuses to prepare
anything on the event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import NamedTuple

import structlog

from tamesu.base import (
    Corrupt,
    Declaration,
    NotFound,
    Reward,
    Roster,
    Snapshot,
    TamesuError,
    is_bandit_name,
)
from tamesu.policy import compose
from tamesu.ports import Declared, Store, roster_of
from tamesu.serve.core.hot import Hot, heat, stand_in
from tamesu.serve.core.trace import trace

POLL_S = 0.2
"""How often the store is asked for news; part of every decision's freshness."""

_log = structlog.get_logger("tamesu.serve.catalogue")


class Terms(NamedTuple):
    """What judges an event of one declaration: its reward's clauses, and how many positions."""

    reward: Reward
    size: int
    types: frozenset[str]

    @classmethod
    def of(cls, declaration: Declaration) -> Terms:
        """What judges the events of `declaration`."""
        reward = declaration.reward
        return cls(reward, compose(declaration).size, frozenset(reward.types))


class Catalogue:
    """The newest declaration and snapshot of every bandit, held in memory.

    Args:
        store: where they come from.
        poll_s: how often to ask for news.
    """

    def __init__(self, store: Store, *, poll_s: float = POLL_S) -> None:
        self._store = store
        self._poll_s = poll_s
        self._hots: dict[str, Hot] = {}
        self._terms: dict[tuple[str, int], Terms] = {}
        self._broken: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loading = threading.Lock()
        self._seen_at = time.monotonic()

    def start(self) -> None:
        """Loads every bandit and starts to poll.

        Raises:
            Unavailable: the store cannot be read.
        """
        for declared in self._store.declarations().values():
            self._load(declared)
        self._seen_at = time.monotonic()
        self._thread = threading.Thread(target=self._poll, name="tamesu-catalogue", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops polling; what is held stays usable."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def age_s(self) -> float:
        """Seconds since the store last said that this is the newest."""
        return time.monotonic() - self._seen_at

    def held(self) -> dict[str, Hot]:
        """Every bandit that is held, by name."""
        return dict(self._hots)

    def find(self, name: str) -> Hot | None:
        """The bandit of that name, if it is held."""
        return self._hots.get(name)

    async def look(self, name: str) -> Hot:
        """The bandit of that name, held or just created elsewhere: the store is read once.

        Raises:
            NotFound: there is none.
            Unavailable: it is not held and the store cannot be read.
        """
        hot = self._hots.get(name)
        if hot is None and is_bandit_name(name):
            hot = await asyncio.to_thread(self._fetch, name)
        if hot is None:
            raise NotFound.bandit(name[:80], self._hots)
        return hot

    def terms(self, bandit: str, number: int) -> Terms | None:
        """What judges the events of that declaration, if it is held."""
        return self._terms.get((bandit, number))

    async def look_up_terms(self, bandit: str, number: int) -> Terms | None:
        """What judges the events of that declaration, read from the store where not held."""
        held = self._terms.get((bandit, number))
        return held or await asyncio.to_thread(self._fetch_terms, bandit, number)

    def admit(self, declared: Declared) -> Hot:
        """Takes in a bandit that this server just declared. Not for the event loop."""
        return self._load(declared)

    async def renew(self, name: str) -> Hot | None:
        """The bandit of that name as the store has it now, for whoever cannot wait for the poll.

        Raises:
            Unavailable: the store cannot be read.
        """
        return await asyncio.to_thread(self._renew, name)

    def refresh(self) -> None:
        """Asks for news once and takes in what is new.

        Raises:
            Unavailable: the store cannot be read.
        """
        versions = self._store.versions()
        hots = self._hots
        stale = [
            name
            for name, version in versions.items()
            if (name not in hots or hots[name].version < version)
            and self._broken.get(name, 0) < version
        ]
        if stale:
            declarations = self._store.declarations()
            for name in stale:
                if name in declarations:
                    self._load(declarations[name])
        self._seen_at = time.monotonic()

    def _poll(self) -> None:
        failing = False
        while not self._stop.wait(self._poll_s):
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - one bad poll must not end the polling
                if not failing:
                    _log.warning(
                        "the store cannot be read: serving what is held",
                        trace=error.message if isinstance(error, TamesuError) else trace(error),
                    )
                failing = True
            else:
                if failing:
                    _log.info("the store can be read again")
                failing = False

    def _load(self, declared: Declared) -> Hot:
        """Prepares the newest snapshot of a bandit and swaps it in.

        One that cannot be used changes nothing, once: the last good one goes on; without one the
        fallback answers.
        """
        name = declared.declaration.name
        with self._loading:
            held = self._hots.get(name)
            try:
                snapshot = self._store.snapshot(name)
                if held is not None and _is_old(held, declared, snapshot):
                    return held
                hot = heat(declared, snapshot, self._roster(declared, snapshot))
                version = hot.version
            except Corrupt as error:
                _log.error("a snapshot cannot be read", bandit=name, reason=error.message)
                hot, version = stand_in(declared), self._store.versions().get(name, 0)
            if hot.broken:
                _log.error("a snapshot cannot be used", bandit=name, version=version)
                self._broken[name] = version
                if held is not None:
                    return held
            self._terms[name, declared.number] = Terms.of(declared.declaration)
            self._hots[name] = hot
            return hot

    def _roster(self, declared: Declared, snapshot: Snapshot | None) -> Roster:
        """The roster that `snapshot` names; rosters never change, so the one held may do."""
        held = self._hots.get(declared.declaration.name)
        if held is not None and snapshot is not None and held.roster.number == snapshot.roster > 0:
            return held.roster
        return roster_of(self._store, declared, snapshot)

    def _fetch(self, name: str) -> Hot | None:
        if self._store.declared(name, 1) is None:
            return None
        declared = self._store.declarations().get(name)
        return None if declared is None else self._load(declared)

    def _renew(self, name: str) -> Hot | None:
        held = self._hots.get(name)
        if held is None:
            return self._fetch(name)
        version = self._store.versions().get(name, 0)
        if held.version >= version or self._broken.get(name, 0) >= version:
            return held
        return self._load(held.declared)

    def _fetch_terms(self, bandit: str, number: int) -> Terms | None:
        declaration = self._store.declared(bandit, number)
        if declaration is None:
            return None
        terms = self._terms[bandit, number] = Terms.of(declaration)
        return terms


def _is_old(held: Hot, declared: Declared, snapshot: Snapshot | None) -> bool:
    """Whether `held` is as new as `snapshot`, of the same declaration."""
    same = held.declared.number == declared.number
    return same and snapshot is not None and held.version >= snapshot.version
