"""Every call to a server, as an exchange: what is asked, and what is read out of the answer.

`Client` and `AsyncClient` say the same words and both mean these. Whatever has an id has it before the
first try. Refuses to take an answer for what it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tamesu.base import Bug, Conflict, Declaration, InvalidInput, TamesuError, Unavailable
from tamesu.client.address import segment
from tamesu.client.decided import Decided
from tamesu.client.exchange import Exchange, Pause, attempt, insist
from tamesu.client.failures import foreign, told_error
from tamesu.client.outbound import (
    arms_of,
    json_bytes,
    parts,
    read_declaration,
    requests_of,
    with_event_id,
    with_request_id,
)
from tamesu.client.retries import Retries
from tamesu.client.tracked import Tracked

T = TypeVar("T")


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
        body = yield from self._post(f"{_path(bandit)}/decisions", request)
        return _read(body, Decided)

    def decide_many(
        self, bandit: str, requests: int | Iterable[Mapping[str, Any]]
    ) -> Exchange[list[Decided]]:
        """A decision for each request."""
        said = requests_of(requests)
        decided: list[Decided] = []
        for start, part in parts(said):
            body = yield from self._post(f"{_path(bandit)}/decisions/batch", {"requests": part})
            told = _read(body, _Decisions).decisions
            if len(told) != len(part):
                raise _miscounted("decisions", len(part), len(told), start)
            decided += told
        return decided

    def track_many(
        self, events: Iterable[Mapping[str, Any]], *, partial: bool
    ) -> Exchange[Tracked]:
        """What became of the events."""
        said = [with_event_id(event) for event in events]
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
        told = _read(body, _Results)
        errors = [result for result in told.results if not result.pop("accepted", False)]
        indices = {refused.get("index") for refused in errors}
        if told.accepted + len(errors) != len(part) or not indices <= set(range(len(part))):
            raise _miscounted("events", len(part), told.accepted + len(errors), 0)
        return Tracked(accepted=told.accepted, errors=errors)

    # Bandits ------------------------------------------------------------------------------------

    def create(self, declaration: Mapping[str, Any] | str | Path) -> Exchange[dict[str, Any]]:
        """The bandit made, or the same one where an earlier try of this call made it."""
        data = read_declaration(declaration)
        retries = self._retries()
        try:
            body = yield from insist("POST", "/v1/bandits", json_bytes(data), retries)
        except Conflict:
            # Perhaps our own earlier try, whose answer was lost.
            if not retries.lost_answer:
                raise
            made = yield from self.get(_path(str(data["name"])))
            if not _same(made["declaration"], data):
                raise
            return made
        return _read(body, dict[str, Any])

    def bandits(self) -> Exchange[list[dict[str, Any]]]:
        """Every bandit in short."""
        told = yield from self.get("/v1/bandits")
        bandits: list[dict[str, Any]] = told["bandits"]
        return bandits

    def bandit(self, name: str, part: str = "") -> Exchange[dict[str, Any]]:
        """A bandit, or what is told of it under `part`."""
        return self.get(_path(name) + part)

    def explain(self, decision_id: str) -> Exchange[dict[str, Any]]:
        """A decision, executed again."""
        return self.get(f"/v1/decisions/{segment(decision_id)}")

    def add_arm(
        self, name: str, arm: str, metadata: Mapping[str, Any] | None
    ) -> Exchange[dict[str, Any]]:
        """What adding an arm came to."""
        wanted = arm if metadata is None else {"id": arm, "metadata": metadata}
        return self.change_arms(name, add=[wanted])

    def change_arms(
        self,
        name: str,
        add: Iterable[str | Mapping[str, Any]] | None = None,
        retire: Iterable[str] | None = None,
    ) -> Exchange[dict[str, Any]]:
        """What a change of arms came to."""
        said = {"add": add, "retire": retire}
        return self._arms(
            name, {field: arms_of(arms, field) for field, arms in said.items() if arms is not None}
        )

    def sync_arms(
        self, name: str, arms: Iterable[str | Mapping[str, Any]], *, force: bool
    ) -> Exchange[dict[str, Any]]:
        """What making these the whole set came to."""
        return self._arms(
            name, {"sync": arms_of(arms, "sync"), **({"force": True} if force else {})}
        )

    def command(self, number: int) -> Exchange[dict[str, Any]]:
        """What became of a command."""
        return self.get(f"/v1/commands/{number}")

    def _arms(self, name: str, change: Mapping[str, Any]) -> Exchange[dict[str, Any]]:
        # The server itself waits for the trainer: asking anew sooner would only ask twice.
        retries = Retries(self._timeout_s, first_try=1.0)
        body = yield from insist("POST", f"{_path(name)}/arms", json_bytes(change), retries)
        said = _read(body, dict[str, Any])
        while said.get("status") == "pending" and (wait_s := retries.wait_s()) is not None:
            yield Pause(wait_s)
            try:
                body = yield from insist("GET", f"/v1/commands/{said['command']}", None, retries)
            except Unavailable:
                return said  # it is kept: nobody needs to ask for it again
            said = _read(body, dict[str, Any])
        if said.get("status") == "refused":
            raise told_error(said["error"], command=said["command"])
        return said

    def get(self, path: str) -> Exchange[dict[str, Any]]:
        """What stands at `path`."""
        body = yield from insist("GET", path, None, self._retries())
        return _read(body, dict[str, Any])

    def _post(self, path: str, data: Any) -> Exchange[bytes]:
        return insist("POST", path, json_bytes(data), self._retries())

    def _retries(self) -> Retries:
        return Retries(self._timeout_s)


def _path(bandit: str) -> str:
    return f"/v1/bandits/{segment(bandit)}"


def _read(body: bytes, shape: type[T]) -> T:
    """What an answer says.

    Raises:
        Bug: it does not have that shape: whoever answered is no Tamesu server, or another version.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise foreign(200) from error


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


def _same(made: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether the bandit that exists is the one asked for, but for a seed that was drawn."""
    drawn = {} if "seed" in asked else {"seed": made.get("seed")}
    return Declaration.parse({**asked, **drawn}) == Declaration.parse(made)
