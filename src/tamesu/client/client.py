"""`Client`: two calls, and the few that set them up.

```python
with Client("http://localhost:8000") as t:
    d = t.decide("home-units")
    t.track(d, "impression")
    t.track(d[0], "click")
```

Whatever is sent carries its id from the first try on, so that a retry never counts twice. Refuses to
retry for longer than `timeout`, and to hide an error: a server's problem is raised as the error it
was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import msgspec

from tamesu.base import Conflict, Declaration, Time
from tamesu.client.connection import Connection
from tamesu.client.decided import Decided, Delivered
from tamesu.client.outbound import (
    delivery_ids,
    parts,
    read_declaration,
    time_text,
    with_event_id,
    with_request_id,
)
from tamesu.client.retries import Retries

_decided = msgspec.json.Decoder(Decided).decode


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were accepted, and which not: `{index, code, detail, hint}` each."""

    accepted: int
    errors: list[dict[str, Any]] = []


class _Results(msgspec.Struct):
    accepted: int
    results: list[dict[str, Any]] = []


class _Decisions(msgspec.Struct):
    decisions: list[Decided]


class Client:
    """A connection to a server. Safe from several threads.

    Args:
        url: where the server is, as in `http://localhost:8000`.
        timeout: seconds that one call may take in all, retries included.
    """

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._timeout_s = timeout
        self._connection = Connection(url, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections."""
        self._connection.close()

    # Decide and track ---------------------------------------------------------------------------

    def decide(
        self,
        bandit: str,
        unit: str | None = None,
        context: Mapping[str, Any] | None = None,
        eligible: Sequence[str] | None = None,
        request_id: str | None = None,
    ) -> Decided:
        """One decision.

        Args:
            bandit: its name.
            unit: whom it is for.
            context: what is known, by name.
            eligible: arms that may be chosen, none for all.
            request_id: the same id gives the same decision for ten minutes; drawn if absent.

        Raises:
            TamesuError: what the server refused, or `Unavailable` after the last retry.
        """
        request = with_request_id(
            {
                "unit": unit,
                "context": context,
                "eligible": eligible,
                "request_id": request_id,
            }
        )
        return _decided(self._post(f"{_path(bandit)}/decisions", request))

    def decide_many(
        self, bandit: str, requests: int | Iterable[Mapping[str, Any]]
    ) -> list[Decided]:
        """A decision for each request, in their order; a number asks for that many of no particulars.

        Up to a thousand go in one call; more are divided. The whole takes at most `timeout` a call.
        """
        asked = [{}] * requests if isinstance(requests, int) else list(requests)
        said = [with_request_id(request) for request in asked]
        decided: list[Decided] = []
        for _, part in parts(said):
            body = self._post(f"{_path(bandit)}/decisions/batch", {"requests": part})
            decided += msgspec.json.decode(body, type=_Decisions).decisions
        return decided

    def track(
        self,
        subject: Decided | Delivered | str,
        type: str,  # noqa: A002 - the field's name
        value: float | None = None,
        time: datetime | Time | str | None = None,
        event_id: str | None = None,
    ) -> Tracked:
        """Tells that something happened: one event per delivery of `subject`.

        Args:
            subject: a decision, one of its deliveries, or a delivery id.
            type: such as `impression` or `click`.
            value: none counts as 1.
            time: when, if not now; with a zone.
            event_id: the same id counts once; drawn if absent. For a decision of several deliveries
                each gets it with its position behind.
        """
        ids = delivery_ids(subject)
        events = [
            {
                "delivery_id": delivery_id,
                "type": type,
                "value": value,
                "time": None if time is None else time_text(time),
                "event_id": event_id
                if event_id is None or len(ids) == 1
                else f"{event_id}-{place}",
            }
            for place, delivery_id in enumerate(ids)
        ]
        return self.track_many(events)

    def track_many(self, events: Iterable[Mapping[str, Any]], *, partial: bool = False) -> Tracked:
        """Sends events, up to a thousand in one call; more are divided.

        Args:
            events: mappings with `delivery_id`, `type` and optionally `value`, `time`, `event_id`.
            partial: take the good ones of a call that has bad ones too; else a call is taken or
                refused as a whole.
        """
        said = [with_event_id(event) for event in events]
        accepted = 0
        errors: list[dict[str, Any]] = []
        path = "/v1/events?partial=true" if partial else "/v1/events"
        for start, part in parts(said):
            told = msgspec.json.decode(self._post(path, {"events": part}), type=_Results)
            accepted += told.accepted
            errors += [
                {**result, "index": result["index"] + start}
                for result in told.results
                if not result.pop("accepted")
            ]
        return Tracked(accepted=accepted, errors=errors)

    # Control ------------------------------------------------------------------------------------

    def create(self, declaration: Mapping[str, Any] | str | Path) -> dict[str, Any]:
        """Creates a bandit from its declaration, or from a YAML or JSON file that holds one."""
        data = read_declaration(declaration)
        retries = Retries(self._timeout_s)
        try:
            body = self._connection.send("POST", "/v1/bandits", data, retries)
        except Conflict:
            # Perhaps our own earlier try, whose answer was lost.
            if not retries.lost_answer:
                raise
            made = self.bandit(str(data["name"]))
            if not _same(made["declaration"], data):
                raise
            return made
        return _plain(body)

    def bandits(self) -> list[dict[str, Any]]:
        """Every bandit in short."""
        bandits: list[dict[str, Any]] = self._get("/v1/bandits")["bandits"]
        return bandits

    def bandit(self, name: str) -> dict[str, Any]:
        """A bandit with its whole declaration."""
        return self._get(_path(name))

    def conservation(self, name: str) -> dict[str, Any]:
        """Where all records of a bandit are; `difference` is 0 unless some are missing."""
        return self._get(f"{_path(name)}/conservation")

    def report(self, name: str) -> dict[str, Any]:
        """What a bandit has learnt, arm by arm."""
        return self._get(f"{_path(name)}/report")

    def ready(self) -> bool:
        """Whether the server is there and ready; asks once."""
        return self._connection.ready()

    def _get(self, path: str) -> dict[str, Any]:
        return _plain(self._connection.send("GET", path, None, Retries(self._timeout_s)))

    def _post(self, path: str, data: Any) -> bytes:
        return self._connection.send("POST", path, data, Retries(self._timeout_s))


def _path(bandit: str) -> str:
    return f"/v1/bandits/{quote(bandit, safe='', errors='replace')}"


def _plain(body: bytes) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(body)
    return data


def _same(made: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether the bandit that exists is the one asked for, but for a seed that was drawn."""
    drawn = {} if "seed" in asked else {"seed": made.get("seed")}
    return Declaration.parse({**asked, **drawn}) == Declaration.parse(made)
