"""`keeping`: which snapshots stay, and why; all others may be thinned.

All of the last hour, the last of each minute for a day, the last of each hour for 90 days; the newest,
those pinned and those that a command made for ever: what lies between two commands can be made again
from a snapshot between them and the archive. Refuses to drop any: it says what may go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from tamesu.base import Snapshot, Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US

ALL_US = HOUR_US
"""Age up to which every snapshot stays."""

MINUTELY_US = DAY_US
"""Age up to which the last of each minute stays."""

HOURLY_US = 90 * DAY_US
"""Age up to which the last of each hour stays."""


class Why(StrEnum):
    """Why a snapshot stays: the strongest reason of those that it has."""

    NEWEST = "newest"
    PINNED = "pinned"
    COMMAND = "command"
    RECENT = "recent"
    MINUTELY = "minutely"
    HOURLY = "hourly"


def keeping(snapshots: Iterable[Snapshot], pinned: Collection[int], now: Time) -> dict[int, Why]:
    """The versions that stay, each with its reason; what is not in it may go.

    Laws:
        What is thinned once stays as it is when thinned again at the same moment.
        Whatever stays later stays now: thinning often, seldom or late ends with the same snapshots.

    Args:
        snapshots: every kept one of one bandit, in any order; their states do not matter.
        pinned: versions.
        now: the time.
    """
    last_of_minute: dict[int, int] = {}
    last_of_hour: dict[int, int] = {}
    snapshots = list(snapshots)
    made = {one.version: one.created for one in snapshots}
    commanded = {one.version for one in snapshots if one.version == one.since}
    for version in sorted(made):
        last_of_minute[made[version] // MINUTE_US] = version
        last_of_hour[made[version] // HOUR_US] = version
    newest = max(made, default=0)
    reasons: dict[int, Why] = {}
    for version, created in made.items():
        age = now - created
        if version == newest:
            reasons[version] = Why.NEWEST
        elif version in pinned:
            reasons[version] = Why.PINNED
        elif version in commanded:
            reasons[version] = Why.COMMAND
        elif age <= ALL_US:
            reasons[version] = Why.RECENT
        elif age <= MINUTELY_US and last_of_minute[created // MINUTE_US] == version:
            reasons[version] = Why.MINUTELY
        elif age <= HOURLY_US and last_of_hour[created // HOUR_US] == version:
            reasons[version] = Why.HOURLY
    return reasons
