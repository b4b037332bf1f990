"""What of rounds a form cannot hold, or others who read it do not look at. Refuses to leave that unsaid."""

from __future__ import annotations

from enum import StrEnum

from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates


class Form(StrEnum):
    """In which rounds are handed around."""

    ARRAYS = "arrays"
    TABLE = "table"
    DSJSON = "dsjson"


_SHOWN = "what nobody saw: it stands in `shown`, which is ours alone; others take it as seen"
_CLUSTER = "which decisions were of one unit: it stands in `cluster`, which is ours alone"


def not_held(rounds: Rounds, form: Form) -> list[str]:
    """What `form` says less than these rounds do, in words; nothing where it says all.

    Example:
        >>> rounds = Rounds.of(["a", "b"], [1.0, 0.0], [0.5, 0.5], positions=[0, 1])
        >>> not_held(rounds, Form.DSJSON)
        ['at which position arms stood']
    """
    found: list[str] = []
    n = len(rounds)
    if rounds.eligible is not None:
        if form is Form.TABLE:
            found.append("which arms were eligible")
        if form is Form.ARRAYS:
            found.append("which arms were eligible: it stands in `eligible`, which is ours alone")
    if not rounds.shown.all() and form is not Form.DSJSON:
        found.append(_SHOWN)
    if n and int(rounds.cluster.max()) + 1 < n:
        found.append("which decisions were of one unit" if form is Form.DSJSON else _CLUSTER)
    if form is Form.TABLE:
        never = len(rounds.arms) - len(set(rounds.chosen.tolist()))
        if never:
            found.append(f"{never:,} arms that were never chosen")
        if rounds.features.shape[1]:
            found.append("what arms tell of themselves")
    if form is Form.DSJSON and rounds.position.any():
        found.append("at which position arms stood")
    return found


def slates_not_held(slates: Slates) -> list[str]:
    """The same of slates, which are arrays."""
    n, found = len(slates), list[str]()
    if slates.eligible is not None:
        found.append("which arms were eligible: it stands in `eligible`, which is ours alone")
    if not slates.shown[slates.there].all():
        found.append(_SHOWN)
    if n and int(slates.cluster.max()) + 1 < n:
        found.append(_CLUSTER)
    if slates.marginal is None:
        found.append(
            "how likely an arm was to come to its position, whatever stood above: others ask for it as pscore_item_position"
        )
    return found
