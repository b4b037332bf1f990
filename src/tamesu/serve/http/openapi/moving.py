"""What is answered of how a ranking moves, as structs. Refuses what `answers` refuses."""

from __future__ import annotations

from tamesu.base import Time
from tamesu.serve.http.openapi.answers import Told


class KnownWindow(Told):
    """How much of the top changed in a window, by what was believed.

    Attributes:
        since, until: from when until before when.
        rate: mean share from step to step; none where there was nothing to compare.
        turnover: share from the first ranking to the last; as `rate`.
        rankings: snapshots that were made in it.
        thinned: whether some are kept no more that a step would have seen.
    """

    since: Time
    until: Time
    rate: float | None
    turnover: float | None
    rankings: int
    thinned: bool


class ServedWindow(Told):
    """How much of the top changed in a window, by what was delivered.

    Attributes:
        since, until, rate, turnover: as of a `KnownWindow`.
        deliveries: made in it, without those of fallbacks.
    """

    since: Time
    until: Time
    rate: float | None
    turnover: float | None
    deliveries: int


class Known(Told):
    """Rankings by posterior mean.

    Attributes:
        rate, turnover: of the newest window; none where it says nothing.
        settled: whether its rate is small and nothing was turned over; as `rate`.
        windows: the oldest first.
        unreadable: snapshots that cannot be read.
    """

    rate: float | None
    turnover: float | None
    settled: bool | None
    windows: list[KnownWindow]
    unreadable: int


class Served(Told):
    """Rankings by how often arms were delivered.

    Attributes:
        rate, turnover, settled, windows: as of `Known`.
    """

    rate: float | None
    turnover: float | None
    settled: bool | None
    windows: list[ServedWindow]


class Moved(Told):
    """How fast the top of a bandit's ranking moves.

    Attributes:
        bandit: whose.
        size: how many arms the top has.
        window: length of each.
        steps: in which a window is looked at.
        settled_below: the rate below which a ranking is said to stand.
        snapshots: by what was believed.
        served: by what was delivered; none without an archive.
    """

    bandit: str
    size: int
    window: str
    steps: int
    settled_below: float
    snapshots: Known
    served: Served | None
