"""The two calls, decide and track, as exchanges: what is asked, and what is read out of the answer.

`Client` and `AsyncClient` say the same words and both mean these. Whatever has an id has it before the
first try. Refuses to take an answer for what it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tamesu.base import Bug, InvalidInput, TamesuError
from tamesu.client.answers import bandit_path, read_answer
from tamesu.client.decided import Decided
from tamesu.client.exchange import Exchange, attempt, insist
from tamesu.client.outbound import (
    events_said,
    json_bytes,
    parts,
    requests_of,
    with_request_id,
)
from tamesu.client.retries import Retries
from tamesu.client.tracked import Tracked


class _Decisions(msgspec.Struct):
    decisions: list[Decided]


class _Results(msgspec.Struct):
    accepted: int
    results: list[dict[str, Any]] = []


class Calls:
    """The calls of one client.

    Args:
        timeout_s: how long each may take in all, retries included.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    # Decide and track ---------------------------------------------------------------------------

    def decide(
        self,
        bandit: str,
        unit: str | None,
        context: Mapping[str, Any] | None,
        eligible: Sequence[str] | None,
        request_id: str | None,
    ) -> Exchange[Decided]:
        """One decision."""
        request = with_request_id(
            {"unit": unit, "context": context, "eligible": eligible, "request_id": request_id}
        )
        body = yield from self._post(f"{bandit_path(bandit)}/decisions", request)
        return read_answer(body, Decided)

    def decide_many(
        self, bandit: str, requests: int | Iterable[Mapping[str, Any]]
    ) -> Exchange[list[Decided]]:
        """A decision for each request."""
        said = requests_of(requests)
        decided: list[Decided] = []
        for start, part in parts(said):
            body = yield from self._post(
                f"{bandit_path(bandit)}/decisions/batch", {"requests": part}
            )
            told = read_answer(body, _Decisions).decisions
            if len(told) != len(part):
                raise _miscounted("decisions", len(part), len(told), start)
            decided += told
        return decided

    def track_many(
        self, events: Iterable[Mapping[str, Any]], *, partial: bool
    ) -> Exchange[Tracked]:
        """What became of the events."""
        said = events_said(events)
        accepted = 0
        errors: list[dict[str, Any]] = []
        for start, part in parts(said):
            try:
                told = yield from self._track(part, partial=partial, retries=self._retries())
            except TamesuError as error:
                raise _placed(error, start) from error.__cause__
            accepted += told.accepted
            errors += [{**refused, "index": refused["index"] + start} for refused in told.errors]
        return Tracked(accepted=accepted, errors=errors)

    def deliver(self, part: list[msgspec.Raw], timeout_s: float) -> Exchange[Tracked]:
        """What became of events that go in one call, tried once: the good ones are taken."""
        return self._track(part, partial=True, retries=Retries(timeout_s, first_try=1.0), once=True)

    def _track(
        self, part: list[msgspec.Raw], *, partial: bool, retries: Retries, once: bool = False
    ) -> Exchange[Tracked]:
        path = "/v1/events?partial=true" if partial else "/v1/events"
        content = json_bytes({"events": part})
        body = yield from (attempt if once else insist)("POST", path, content, retries)
        told = read_answer(body, _Results)
        errors = [result for result in told.results if not result.pop("accepted", False)]
        indices = {refused.get("index") for refused in errors}
        if told.accepted + len(errors) != len(part) or not indices <= set(range(len(part))):
            raise _miscounted("events", len(part), told.accepted + len(errors), 0)
        return Tracked(accepted=told.accepted, errors=errors)

    def _post(self, path: str, data: Any) -> Exchange[bytes]:
        return insist("POST", path, json_bytes(data), self._retries())

    def _retries(self) -> Retries:
        return Retries(self._timeout_s)


def _placed(error: TamesuError, start: int) -> TamesuError:
    """`error` of a part, with the indices of all: those before `start` are acknowledged."""
    if start:
        error.facts["acknowledged"] = start
        if isinstance(error, InvalidInput) and isinstance(error.facts.get("errors"), list):
            error.facts["errors"] = [
                {**told, "index": told["index"] + start} for told in error.facts["errors"]
            ]
    return error


def _miscounted(what: str, asked: int, told: int, start: int) -> Bug:
    return Bug(
        f"a server must answer for each of {asked:,} {what}, it answered for {told:,}",
        hint="see that client and server are of one version",
        start=start,
    )
