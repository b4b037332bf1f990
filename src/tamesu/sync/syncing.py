"""`bring`: a bandit's arms made those of a source, once.

Refuses to overwrite what somebody else changed meanwhile: the difference is then made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from tamesu.base import Outdated, WantedArm
from tamesu.sync.difference import LIMIT, Difference, Standing

TRIES = 5
"""How often a difference is made anew because the arms were changed meanwhile."""


class Target(Protocol):
    """A bandit whose arms can be listed and changed: behind a server, or in a store."""

    @property
    def name(self) -> str:
        """The bandit's."""
        ...

    def standing(self) -> Standing:
        """Its arms as of now.

        Raises:
            NotFound: there is no such bandit.
        """
        ...

    def change(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a change of arms came to: `status` is `applied`, or `pending` where it still waits.

        Raises:
            Outdated: another roster is the newest by now; nothing was changed.
            TamesuError: it was refused; nothing was changed.
        """
        ...


class Synced(NamedTuple):
    """What a sync came to.

    Attributes:
        difference: what there was to do.
        told: what became of the command; none where there was nothing to do, or it was not to be done.
    """

    difference: Difference
    told: dict[str, Any] | None


def bring(
    target: Target,
    wanted: Sequence[WantedArm],
    *,
    source: str,
    limit: float = LIMIT,
    dry: bool = False,
) -> Synced:
    """Makes `wanted` the active arms of `target`, in one command or in none.

    Args:
        target: the bandit.
        wanted: the whole set.
        source: where it comes from, in words.
        limit: share of the active arms that may be retired.
        dry: only look; the limit is judged all the same.

    Raises:
        Conflict: too many would be retired, or the arms did not stand still.
        TamesuError: see `Target`.
    """
    for attempt in range(TRIES):
        difference = Difference.of(target.standing(), wanted)
        difference.refuse_mass_retirement(target.name, limit)
        if dry or difference.is_empty:
            break
        try:
            return Synced(difference, target.change(difference.change(source)))
        except Outdated:
            if attempt == TRIES - 1:
                raise
    return Synced(difference, None)
