"""Features: what is known of the units for whom decisions are made, before they ask.

Refuses to judge what is kept: that is whoever puts it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Features(Protocol):
    """JSON objects by entity and key; each is put, found and deleted whole.

    Concurrent case: safe from many threads, and from many processes where the technology is shared:
    each call sees an object whole or not at all, and the last put stands. Every method raises
    `Unavailable` while it is down, and `Corrupt` where its bytes do not read.
    """

    def put(self, entity: str, key: str, features: Mapping[str, Any]) -> None:
        """Keeps `features` of one key, durably, in place of what was there.

        Duplicate case: the same again changes nothing. Who asks `find` after it returned, from any
        process, gets them.
        """
        ...

    def find(self, entity: str, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """What is kept of each of `keys`, in their order; none where nothing is. No keys: nothing."""
        ...

    def delete(self, entity: str, key: str) -> bool:
        """Forgets what is kept of one key, durably; gives whether anything was."""
        ...

    def empty(self) -> bool:
        """Whether nothing is kept at all; cheap, so that who needs none may ask often."""
        ...

    def close(self) -> None:
        """Lets go of files and connections; a second call does nothing."""
        ...
