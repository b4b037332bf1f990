"""`Health`: whether this server should be sent requests, and why not.

Refuses to fail for what it can bear: a store that is down is borne until `max_age`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.catalogue import Catalogue

MAX_AGE_S = 600.0
"""How long the store may be out of reach."""

SILENCE_S = 5.0
"""How long the log may have taken nothing, ticks included."""


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a server is ready, and each check: `{ok, ...facts, hint}`."""

    ready: bool
    checks: dict[str, dict[str, Any]]


class Health:
    """Looks after one server's log, store and clock."""

    def __init__(
        self, *, catalogue: Catalogue, appender: Appender, max_age_s: float = MAX_AGE_S
    ) -> None:
        self._catalogue = catalogue
        self._appender = appender
        self._max_age_s = max_age_s

    def readiness(self) -> Readiness:
        """How things stand now."""
        silence = self._appender.silence_s
        age = self._catalogue.age_s
        skew = self._appender.skew_ms / 1000
        checks: dict[str, dict[str, Any]] = {
            "log": {"ok": silence <= SILENCE_S, "seconds_since_append": round(silence, 3)},
            "store": {"ok": age <= self._max_age_s, "seconds_since_read": round(age, 3)},
            "clock": {"ok": abs(skew) <= CLOCK_SKEW_US / 1e6, "seconds_ahead_of_log": skew},
            "shutdown": {"ok": not self._appender.closing},
        }
        hints = {
            "log": "the log takes no records: look for a full or read-only disk",
            "store": "the store cannot be read: serving old snapshots",
            "clock": "this machine's clock and the log's differ: set the clock",
            "shutdown": "this server is shutting down",
        }
        for name, check in checks.items():
            if not check["ok"]:
                check["hint"] = hints[name]
        return Readiness(ready=all(check["ok"] for check in checks.values()), checks=checks)
