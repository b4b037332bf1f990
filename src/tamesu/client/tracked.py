"""`Tracked`: what became of events. Refuses to be all good news: it names the refused too."""

from __future__ import annotations

from typing import Any

import msgspec


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were accepted, and which not: `{index, code, detail, hint}` each."""

    accepted: int
    errors: list[dict[str, Any]] = []
