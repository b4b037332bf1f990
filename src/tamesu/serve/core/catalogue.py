"""`Catalogue`: the bandits that this server serves, kept up to date by polling.

A thread asks the store for versions five times a second, prepares what is new and swaps it in by
reference: a declaration and the snapshot that is of it, together. A store that is down changes nothing
but the age that is reported. A bandit whose policy is partly elsewhere, and not there, answers by its fallback until
it is. Refuses to prepare anything on the event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import NoReturn

import structlog

from tamesu.base import (
    Corrupt,
    InvalidDeclaration,
    NotFound,
    Roster,
    Snapshot,
    TamesuError,
    is_bandit_name,
)
from tamesu.policy import Policy
from tamesu.ports import Declared, Store, roster_of
from tamesu.serve.core.hot import Hot, heat, stand_in
from tamesu.serve.core.newest import Deleted, Newest, newest
from tamesu.serve.core.terms import Terms
from tamesu.serve.core.trace import trace

POLL_S = 0.2
"""How often the store is asked for news; part of every decision's freshness."""

LOOK_AGAIN_S = 5.0
"""How often what a bandit lacks from elsewhere is looked for again: it may be megabytes that have to be read."""

_log = structlog.get_logger("tamesu.serve.catalogue")


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
        self._deleted: dict[str, Deleted] = {}
        self._seen: dict[str, int] = {}  # versions that were looked at, usable or not
        self._lacking: dict[str, Policy] = {}  # of bandits that lack something from elsewhere
        self._looked_at = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loading = threading.Lock()
        self._seen_at = time.monotonic()

    def start(self) -> None:
        """Loads every bandit and starts to poll.

        Raises:
            Unavailable: the store cannot be read.
        """
        for name, declared in self._store.declarations().items():
            self._take(name, declared)
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
            NotFound: there is none, or no more.
            Unavailable: it is not held and the store cannot be read.
        """
        hot = self._hots.get(name)
        if hot is None and is_bandit_name(name):
            hot = await asyncio.to_thread(self._fetch, name)
        return hot or self._refuse(name)

    def terms(self, bandit: str, number: int) -> Terms | None:
        """What judges the events of that declaration, if it is held."""
        return self._terms.get((bandit, number))

    async def look_up_terms(self, bandit: str, number: int) -> Terms | None:
        """What judges the events of that declaration, read from the store where not held."""
        held = self._terms.get((bandit, number))
        return held or await asyncio.to_thread(self._fetch_terms, bandit, number)

    def admit(self, declared: Declared) -> Hot:
        """Takes in a bandit that this server just declared. Not for the event loop."""
        name = declared.declaration.name
        return self._load(name, declared) or self._refuse(name)

    async def renew(self, name: str) -> Hot:
        """The bandit of that name as the store has it now, for whoever cannot wait for the poll.

        Raises:
            NotFound: there is none, or no more.
            Unavailable: the store cannot be read.
        """
        hot = None
        if is_bandit_name(name):
            hot = await asyncio.to_thread(self._renew, name)
        return hot or self._refuse(name)

    def refresh(self) -> None:
        """Asks for news once and takes in what is new.

        Raises:
            Unavailable: the store cannot be read.
        """
        for name, version in self._store.versions().items():
            if self._seen.get(name, -1) < version and not self._take(name):
                self._seen[name] = version
        self._seen_at = time.monotonic()
        self._look_again()

    def _look_again(self) -> None:
        """Takes in, now and then, who lacked something from elsewhere that is there again."""
        if not self._lacking or time.monotonic() - self._looked_at < LOOK_AGAIN_S:
            return
        for name, policy in [*self._lacking.items()]:
            if _lacking(policy) is None and self._take(name):
                _log.info("what a bandit lacked is there again", bandit=name)
        self._looked_at = time.monotonic()

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

    def _take(self, name: str, declared: Declared | None = None) -> bool:
        """`_load`, whatever is wrong with this one: the others are served. Gives whether nothing was."""
        try:
            self._load(name, declared)
        except InvalidDeclaration as error:
            _log.error("a bandit cannot be served", bandit=name, reason=error.message)
            return False
        return True

    def _load(self, name: str, declared: Declared | None = None) -> Hot | None:
        """Prepares what is to be served of a bandit and swaps it in; none where there is none.

        What cannot be used changes nothing, once: the last good one goes on; without one the
        fallback answers.

        Args:
            name: of the bandit.
            declared: a declaration of it, where one is known.
        """
        with self._loading:
            held = self._hots.get(name)
            try:
                found = newest(self._store, name, declared if held is None else held.declared)
                if not isinstance(found, Newest):
                    self._drop(name, found)
                    return None
                if held is not None and name not in self._lacking and _is_same(held, found):
                    self._seen[name] = found.version
                    return held
                declared, version = found.declared, found.version
                roster = self._roster(declared, found.snapshot)
                hot = heat(declared, found.snapshot, roster, held)
            except Corrupt as error:
                _log.error("a snapshot cannot be read", bandit=name, reason=error.message)
                version = self._store.versions().get(name, 0)
                declared = declared or self._store.declarations().get(name)
                if declared is None:
                    self._seen[name] = version
                    return held
                hot = stand_in(declared)
            self._seen[name] = version
            self._lacking.pop(name, None)
            if hot.broken:
                lacking = _lacking(hot.policy)
                if lacking is not None:
                    self._lacking[name] = hot.policy
                _log.error(
                    "a snapshot cannot be used", bandit=name, version=version, lacking=lacking
                )
                if held is not None and not held.broken:
                    return held
            self._deleted.pop(name, None)
            if held is None or held.declared.number != declared.number:
                self._terms[name, declared.number] = Terms.of(declared.declaration)
            self._hots[name] = hot
            return hot

    def _drop(self, name: str, found: Deleted | None) -> None:
        """Serves `name` no more."""
        self._lacking.pop(name, None)
        if found is not None:
            self._deleted[name] = found
            self._seen[name] = found.version
            if self._hots.pop(name, None) is not None:
                _log.info("a bandit was deleted", bandit=name)

    def _roster(self, declared: Declared, snapshot: Snapshot | None) -> Roster:
        """The roster that `snapshot` names; rosters never change, so the one held may do."""
        held = self._hots.get(declared.declaration.name)
        is_same = (
            held is not None and snapshot is not None and held.roster.number == snapshot.roster
        )
        # Number 0 is of the declaration, whichever that is.
        if held is not None and is_same and (held.roster.number or held.declared is declared):
            return held.roster
        return roster_of(self._store, declared, snapshot)

    def _fetch(self, name: str) -> Hot | None:
        """A bandit that is not held, where it was declared since."""
        deleted = self._deleted.get(name)
        if self._store.declared(name, 1 if deleted is None else deleted.number + 1) is None:
            return None
        return self._load(name)

    def _renew(self, name: str) -> Hot | None:
        held = self._hots.get(name)
        if held is None:
            return self._fetch(name)
        return held if self._is_up_to_date(name) else self._load(name)

    def _is_up_to_date(self, name: str) -> bool:
        return self._seen.get(name, 0) >= self._store.versions().get(name, 0)

    def _refuse(self, name: str) -> NoReturn:
        deleted = self._deleted.get(name)
        if deleted is None:
            raise NotFound.bandit(name[:80], self._hots)
        raise NotFound(
            f"bandit {name!r} was deleted at {deleted.at.text()}",
            hint="create it anew:  tamesu bandit create FILE, or POST /v1/bandits; it starts over",
            bandit=name,
            deleted=deleted.at.text(),
        )

    def _fetch_terms(self, bandit: str, number: int) -> Terms | None:
        declared = self._store.declared(bandit, number)
        if declared is None:
            return None
        terms = self._terms[bandit, number] = Terms.of(declared.declaration)
        return terms


def _lacking(policy: Policy) -> str | None:
    """What a policy needs from elsewhere and is not there; none where it is."""
    try:
        policy.check()
    except InvalidDeclaration as error:
        return error.message
    return None


def _is_same(held: Hot, found: Newest) -> bool:
    """Whether `held` is as new as what was found, of the same declaration."""
    version = 0 if found.snapshot is None else found.snapshot.version
    return held.declared.number == found.declared.number and held.version >= version
