"""The calls that change bandits, as exchanges: each is a command, which a trainer applies.

Refuses to ask anew for what a server keeps: a command that waits for the trainer is looked after by its
number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tamesu.base import Conflict, InvalidInput, NotFound, Outdated, Unavailable
from tamesu.client.answers import bandit_path, is_asked_for, read_answer
from tamesu.client.arguments import arms_of, read_declaration, whole_number
from tamesu.client.exchange import Exchange, Headers, Pause, insist
from tamesu.client.failures import told_error
from tamesu.client.outbound import json_bytes
from tamesu.client.retries import Retries


class CommandCalls:
    """The calls of one client.

    Args:
        timeout_s: how long each may take in all, retries included.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def bandit(self, name: str, part: str = "") -> Exchange[dict[str, Any]]:
        """A bandit, or what is told of it under `part`."""
        return self._look(bandit_path(name) + part)

    # Lifecycle ----------------------------------------------------------------------------------

    def update(
        self, declaration: Mapping[str, Any] | str | Path, number: int, *, warm: bool
    ) -> Exchange[dict[str, Any]]:
        """The bandit under its next declaration, or what an earlier try of this call made of it."""
        data = read_declaration(declaration)
        name = data.get("name")
        if not isinstance(name, str):
            raise InvalidInput(
                f"a declaration must name its bandit, got {type(name).__name__}", field="name"
            )
        path = f"{bandit_path(name)}?warm=true" if warm else bandit_path(name)
        wanted: Headers = (("if-match", f'"{whole_number(number, "number")}"'),)
        retries = self._patient()
        try:
            said = yield from self._change("PUT", path, data, retries, wanted)
        except Outdated:
            if not retries.lost_answer:
                raise
            now = yield from self.bandit(name)
            if now["number"] != number + 1 or not is_asked_for(now["declaration"], data):
                raise
            return now
        if said.get("status") != "pending" and "declaration" not in said:
            said["declaration"] = (yield from self.bandit(name))["declaration"]
        return said

    def freeze(self, name: str) -> Exchange[dict[str, Any]]:
        """The bandit, frozen."""
        return self._change("POST", f"{bandit_path(name)}/freeze", None, self._patient())

    def resume(self, name: str) -> Exchange[dict[str, Any]]:
        """The bandit, learning; also where an earlier try of this call resumed it."""
        retries = self._patient()
        try:
            return (yield from self._change("POST", f"{bandit_path(name)}/resume", None, retries))
        except Conflict:
            if not retries.lost_answer:
                raise
            now = yield from self.bandit(name)
            if now["status"] != "learning":
                raise
            return now

    def rollback(self, name: str, version: int) -> Exchange[dict[str, Any]]:
        """The bandit, rolled back."""
        body = {"version": whole_number(version, "version")}
        return self._change("POST", f"{bandit_path(name)}/rollback", body, self._patient())

    def delete(self, name: str) -> Exchange[dict[str, Any]]:
        """The bandit, deleted; also where an earlier try of this call deleted it."""
        retries = self._patient()
        try:
            return (yield from self._change("DELETE", bandit_path(name), None, retries))
        except NotFound as error:
            if not (retries.lost_answer and "deleted" in error.facts):
                raise
            return {"bandit": name, "kind": "delete", "status": "deleted"}

    def _change(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None,
        retries: Retries,
        headers: Headers = (),
    ) -> Exchange[dict[str, Any]]:
        """What a change of a bandit came to: its status is the bandit's, or `pending`."""
        said = yield from self._command(method, path, data, retries, headers)
        if said.get("status") == "applied":  # as a command tells it, not as the change was answered
            said["status"] = said.pop("bandit_status", "learning")
        return said

    def add_arm(
        self,
        name: str,
        arm: str,
        metadata: Mapping[str, Any] | None,
        features: Mapping[str, Any] | None,
    ) -> Exchange[dict[str, Any]]:
        """What adding an arm came to."""
        given = {"metadata": metadata, "features": features}
        said = {name: value for name, value in given.items() if value is not None}
        return self.change_arms(name, add=[{"id": arm, **said} if said else arm])

    def change_arms(
        self,
        name: str,
        add: Iterable[str | Mapping[str, Any]] | None = None,
        retire: Iterable[str] | None = None,
        roster: int | None = None,
        source: str = "",
    ) -> Exchange[dict[str, Any]]:
        """What a change of arms came to."""
        said = {"add": add, "retire": retire}
        change: dict[str, Any] = {
            field: arms_of(arms, field) for field, arms in said.items() if arms is not None
        }
        if roster is not None:
            change["roster"] = whole_number(roster, "roster")
        if source:
            change["source"] = source
        return self._arms(name, change)

    def sync_arms(
        self, name: str, arms: Iterable[str | Mapping[str, Any]], *, force: bool
    ) -> Exchange[dict[str, Any]]:
        """What making these the whole set came to."""
        return self._arms(
            name, {"sync": arms_of(arms, "sync"), **({"force": True} if force else {})}
        )

    def _arms(self, name: str, change: Mapping[str, Any]) -> Exchange[dict[str, Any]]:
        return self._command("POST", f"{bandit_path(name)}/arms", change, self._patient())

    # Commands -----------------------------------------------------------------------------------

    def command(self, number: int) -> Exchange[dict[str, Any]]:
        """What became of a command."""
        return self._look(f"/v1/commands/{whole_number(number, 'number')}")

    def _command(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None,
        retries: Retries,
        headers: Headers = (),
    ) -> Exchange[dict[str, Any]]:
        """What a command came to, as far as it is known when time is up."""
        content = None if data is None else json_bytes(data)
        body = yield from insist(method, path, content, retries, headers)
        said = read_answer(body, dict[str, Any])
        while said.get("status") == "pending" and (wait_s := retries.wait_s()) is not None:
            yield Pause(wait_s)
            try:
                body = yield from insist("GET", f"/v1/commands/{said['command']}", None, retries)
            except Unavailable:
                return said  # it is kept: nobody needs to ask for it again
            said = read_answer(body, dict[str, Any])
        if said.get("status") == "refused":
            raise told_error(said["error"], command=said["command"])
        return said

    def _look(self, path: str) -> Exchange[dict[str, Any]]:
        """What stands at `path`."""
        body = yield from insist("GET", path, None, Retries(self._timeout_s))
        return read_answer(body, dict[str, Any])

    def _patient(self) -> Retries:
        """The server itself waits for the trainer: asking anew sooner would only ask twice."""
        return Retries(self._timeout_s, first_try=1.0)
