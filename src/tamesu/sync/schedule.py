"""`Scheduled`: which bandit takes its arms from where, and when, as the settings say it.

A cron expression of five fields, in a time zone; UTC where none is named. Refuses to know the time.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

import msgspec
from cronsim import CronSim, CronSimError

from tamesu.base import InvalidInput, Time
from tamesu.sync.difference import LIMIT


class Scheduled(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"source": "from"},
):
    """One sync that comes again.

    Attributes:
        bandit: whose arms.
        source: where from, as `tamesu arms sync --from` takes it; in the settings it is called `from`.
        cron: when, as in `0 3 * * *`.
        query: what gives the arms, for a database.
        limit: share of the active arms that it may retire.
        timezone: of `cron`.
    """

    bandit: str
    source: str
    cron: str
    query: str | None = None
    limit: float = LIMIT
    timezone: str = "UTC"

    def check(self) -> None:
        """Refuses what can never run.

        Raises:
            InvalidInput: no cron expression, no time zone, or no share.
        """
        where = f"sync of {self.bandit[:80]!r}"
        if not 0 <= self.limit <= 1:
            raise InvalidInput(f"limit of the {where} must lie in 0..1, got {self.limit}")
        try:
            zone = zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(
                f"timezone of the {where} must be a name such as Europe/Stockholm, got "
                f"{self.timezone[:80]!r}"
            ) from error
        try:
            if len(self.cron.split()) != 5:  # noqa: PLR2004 - minute, hour, day, month, weekday
                raise InvalidInput(
                    f"cron of the {where} must have five fields, got {self.cron[:80]!r}",
                    hint="for example  0 3 * * *  for three in the morning",
                )
            next(CronSim(self.cron, dt.datetime(2026, 1, 1, tzinfo=zone)))
        except (CronSimError, StopIteration) as error:
            raise InvalidInput(
                f"cron of the {where} must be a cron expression that comes, got "
                f"{self.cron[:80]!r}: {error}",
                hint="for example  0 3 * * *  for three in the morning",
            ) from error

    @property
    def key(self) -> str:
        """What tells it from the others: a bandit has one."""
        return self.bandit

    def last_due(self, now: Time) -> Time:
        """The last moment, `now` included, at which it was due."""
        return self._tick(Time(now + 1_000_000), reverse=True)

    def next_due(self, now: Time) -> Time:
        """The first moment after `now` at which it is due."""
        return self._tick(now, reverse=False)

    def _tick(self, from_: Time, *, reverse: bool) -> Time:
        whole = dt.datetime.fromtimestamp(from_ // 1_000_000, tz=zoneinfo.ZoneInfo(self.timezone))
        tick = next(CronSim(self.cron, whole, reverse=reverse))
        return Time(round(tick.timestamp()) * 1_000_000)
