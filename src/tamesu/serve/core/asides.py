"""Records that were set aside, listed: what could not be joined, why, and what it says.

The newest first, in pages, from the archive alone: what the trainer has committed. Memory is bounded by
a page and a file. Refuses to judge a record again.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from collections.abc import Iterator
from typing import Any

from tamesu.base import Aside, InvalidInput, Time, Unavailable
from tamesu.base.errors import close_match, listing
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import Archive, Holds, Kept, Store

DEFAULT, MOST = 100, 1_000
"""Records of a page, if not told otherwise, and at most."""

SHOWN = 2_000
"""Characters of a body that a page shows."""

_PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,9})-([0-9]{1,18})")


class Asides:
    """What was set aside.

    Args:
        store: its manifest.
        archive: where the files are; without one nothing can be listed.
    """

    def __init__(self, store: Store, archive: Archive | None) -> None:
        self._store, self._archive = store, archive

    async def page(
        self,
        bandit: str | None = None,
        *,
        why: str | None = None,
        limit: int = DEFAULT,
        after: str | None = None,
    ) -> dict[str, Any]:
        """A page of it, as plain data: `asides`, and `next`, with which the following one is asked for.

        Args:
            bandit: whose; of all, and of those that cannot be named, without.
            why: a reason's name; all of them without.
            limit: how many records at most, from 1 to `MOST`.
            after: `next` of the page before.

        Raises:
            InvalidInput: one of these that cannot be.
            Unavailable, Corrupt: store or archive cannot be read.
        """
        if not 1 <= limit <= MOST:
            raise InvalidInput(f"limit must lie in 1..{MOST}, got {limit}", field="limit")
        reason, before = reason_of(why), _place_of(after)
        found = await asyncio.to_thread(self._newest, bandit, reason, limit + 1, before)
        shown = [described(kept, SHOWN) for kept in found[:limit]]
        more = shown[-1]["place"] if len(found) > limit else None
        return {"bandit": bandit, "asides": shown, "next": more}

    def all(self, bandit: str | None = None, why: str | None = None) -> Iterator[Kept]:
        """All of it, file by file, the oldest files first.

        Raises:
            InvalidInput: a reason that there is not.
            Unavailable, Corrupt: store or archive cannot be read.
        """
        reason = reason_of(why)
        archive = self._opened()
        files = [file for file in self._store.files(Holds.ASIDE) if bandit in (None, file.bandit)]
        for rows in archive.read_aside(sorted(files, key=lambda file: (file.newest, file.name))):
            yield from (kept for kept in rows if reason in (None, kept.aside.why))

    def _newest(
        self,
        bandit: str | None,
        reason: Aside | None,
        most: int,
        before: tuple[int, int, int] | None,
    ) -> list[Kept]:
        """The newest `most` in falling order, of those that stand before a place."""
        archive = self._opened()
        files = [file for file in self._store.files(Holds.ASIDE) if bandit in (None, file.bandit)]
        newest: list[tuple[tuple[int, int, int], Kept]] = []
        for file in sorted(files, key=lambda file: file.newest, reverse=True):
            if len(newest) == most and file.newest < newest[0][0][0] * MILLISECOND_US:
                break
            for rows in archive.read_aside([file]):
                for kept in rows:
                    place = _place(kept)
                    if reason not in (None, kept.aside.why) or (before and place >= before):
                        continue
                    if len(newest) < most:
                        heapq.heappush(newest, (place, kept))
                    elif place > newest[0][0]:
                        heapq.heapreplace(newest, (place, kept))
        return [kept for _, kept in sorted(newest, key=lambda one: one[0], reverse=True)]

    def _opened(self) -> Archive:
        if self._archive is None:
            raise Unavailable(
                "records that were set aside are in the archive, and this server has none"
            )
        return self._archive


def reason_of(text: str | None) -> Aside | None:
    """The reason that `text` names; none where nothing is named.

    Raises:
        InvalidInput: there is none of that name.
    """
    if text is None:
        return None
    try:
        return Aside(text)
    except ValueError as error:
        known = [why.value for why in Aside]
        match = close_match(text, known)
        raise InvalidInput(
            f"why must be one of {listing(known)}, got {text[:80]!r}",
            hint=f"did you mean {match!r}?" if match else "leave it out for all of them",
            field="why",
        ) from error


def described(kept: Kept, most: int | None = None) -> dict[str, Any]:
    r"""One record set aside as plain data.

    Its body is text; bytes that are no UTF-8 stand in it as `\xff`.

    Args:
        kept: it.
        most: characters of the body; all of them without.
    """
    aside, entry = kept
    body = entry.body.decode("utf-8", "backslashreplace")
    return {
        "received": Time(entry.received * MILLISECOND_US).text(),
        "why": aside.why.value,
        "reason": aside.reason,
        "bandit": aside.bandit or None,
        "key": entry.key,
        "kind": entry.kind,
        "body": body if most is None else body[:most],
        "body_bytes": len(entry.body),
        "place": "-".join(map(str, _place(kept))),
    }


def _place(kept: Kept) -> tuple[int, int, int]:
    """Where it stands among all: by the moment it was received, then in the log."""
    return kept.entry.received, kept.entry.partition, kept.entry.offset


def _place_of(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    parts = _PLACE.fullmatch(text)
    if parts is None:
        raise InvalidInput(
            f"after must be what a page said as next, got {text[:80]!r}", field="after"
        )
    received, partition, offset = map(int, parts.groups())
    return received, partition, offset
