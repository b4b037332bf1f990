"""`Difference`: what a set of arms changes of those that a bandit has.

A pure function of both. Refuses to carry anything out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tamesu.base import Conflict, WantedArm, plain
from tamesu.base.feature import Feature
from tamesu.sync.features import as_asked

LIMIT = 0.2
"""Share of the active arms that a sync may retire unprompted."""


class Standing(NamedTuple):
    """The arms of a bandit as they stand.

    Attributes:
        roster: their number.
        active: metadata by id.
        retired: ids.
        features: what each active arm tells of itself, by id; nothing of those left out.
        schema: what its declaration asks of arms.
    """

    roster: int
    active: Mapping[str, Mapping[str, Any]]
    retired: frozenset[str]
    features: Mapping[str, Mapping[str, Any]] = {}
    schema: Mapping[str, Feature] = {}


class Difference(NamedTuple):
    """What has to be done so that exactly the wanted arms are active.

    Attributes:
        roster: the number of the roster that it was made for.
        active: how many arms are active before.
        added, changed, revived: to be active afterwards, in the source's order.
        retired: ids that are active and not wanted, in the roster's order.
    """

    roster: int
    active: int
    added: tuple[WantedArm, ...] = ()
    changed: tuple[WantedArm, ...] = ()
    revived: tuple[WantedArm, ...] = ()
    retired: tuple[str, ...] = ()

    @classmethod
    def of(cls, standing: Standing, wanted: Sequence[WantedArm]) -> Difference:
        """The difference between how arms stand and which are wanted.

        **Laws**: applied, a second one is empty; no arm stands in two of its parts.
        """
        added, changed, revived = [], [], []
        for given in wanted:
            arm = as_asked(given, standing.schema)
            known = standing.active.get(arm.id)
            if known is not None:
                told = standing.features.get(arm.id, {})
                if arm.metadata not in (None, known) or arm.features not in (None, told):
                    changed.append(arm)
            elif arm.id in standing.retired:
                revived.append(arm)
            else:
                added.append(arm)
        stay = {arm.id for arm in wanted}
        return cls(
            roster=standing.roster,
            active=len(standing.active),
            added=tuple(added),
            changed=tuple(changed),
            revived=tuple(revived),
            retired=tuple([arm for arm in standing.active if arm not in stay]),
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many arms it does what to."""
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "revived": len(self.revived),
            "retired": len(self.retired),
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(self.counts.values())

    def change(self, source: str) -> dict[str, Any]:
        """The change of arms that does it, for this roster alone."""
        add = [*self.added, *self.changed, *self.revived]
        return {
            **({"add": plain(add)} if add else {}),
            **({"retire": list(self.retired)} if self.retired else {}),
            "roster": self.roster,
            "source": source,
        }

    def refuse_mass_retirement(self, bandit: str, limit: float = LIMIT) -> None:
        """Refuses to retire more than `limit` of the active arms, a share.

        Raises:
            Conflict: it would; nothing is changed.
        """
        gone = len(self.retired)
        if gone > limit * self.active:
            raise Conflict(
                f"a sync of {bandit!r} must not retire more than {limit:.0%} of its active arms, "
                f"this would retire {gone:,} of {self.active:,}",
                hint="see that the source is whole (--dry-run --force lists what would go); if it is, "
                "raise --limit or say --force",
                retired=gone,
                active=self.active,
            )
