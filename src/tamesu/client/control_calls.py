"""The calls that set bandits up, change them and look at them, as exchanges.

`Control` and `AsyncControl` say the same words and both mean these. Refuses to ask anew for what a server
keeps: a command that waits for the trainer is looked after by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tamesu.base import Conflict, Declaration, InvalidInput, NotFound, Outdated, Unavailable
from tamesu.client.address import segment
from tamesu.client.answers import bandit_path, read_answer
from tamesu.client.arguments import arms_of, read_declaration, whole_number
from tamesu.client.exchange import Exchange, Headers, Pause, insist
from tamesu.client.failures import told_error
from tamesu.client.outbound import json_bytes
from tamesu.client.retries import Retries


class ControlCalls:
    """The calls of one client.

    Args:
        timeout_s: how long each may take in all, retries included.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def create(self, declaration: Mapping[str, Any] | str | Path) -> Exchange[dict[str, Any]]:
        """The bandit made, or the same one where an earlier try of this call made it."""
        data = read_declaration(declaration)
        retries = Retries(self._timeout_s)
        try:
            body = yield from insist("POST", "/v1/bandits", json_bytes(data), retries)
        except Conflict:
            # Perhaps our own earlier try, whose answer was lost.
            if not retries.lost_answer:
                raise
            made = yield from self.bandit(str(data["name"]))
            if not _same(made["declaration"], data):
                raise
            return made
        return read_answer(body, dict[str, Any])

    def bandits(self) -> Exchange[list[dict[str, Any]]]:
        """Every bandit in short."""
        told = yield from self._look("/v1/bandits")
        bandits: list[dict[str, Any]] = told["bandits"]
        return bandits

    def bandit(self, name: str, part: str = "") -> Exchange[dict[str, Any]]:
        """A bandit, or what is told of it under `part`."""
        return self._look(bandit_path(name) + part)

    def explain(self, decision_id: str) -> Exchange[dict[str, Any]]:
        """A decision, executed again."""
        return self._look(f"/v1/decisions/{segment(decision_id)}")

    # Snapshots ----------------------------------------------------------------------------------

    def snapshots(self, name: str, limit: int, before: int | None) -> Exchange[dict[str, Any]]:
        """The kept snapshots of a bandit."""
        query = f"?limit={whole_number(limit, 'limit')}"
        if before is not None:
            query += f"&before={whole_number(before, 'before')}"
        return self._look(f"{bandit_path(name)}/snapshots{query}")

    def snapshot(self, name: str, version: int) -> Exchange[dict[str, Any]]:
        """A kept snapshot, and what it believes."""
        return self._look(_version_path(name, version))

    def pin(self, name: str, version: int, *, pinned: bool) -> Exchange[dict[str, Any]]:
        """A snapshot that is pinned now, or is not."""
        path = f"{_version_path(name, version)}/pin"
        retries = Retries(self._timeout_s)
        body = yield from insist("PUT" if pinned else "DELETE", path, None, retries)
        return read_answer(body, dict[str, Any])

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
            if now["number"] != number + 1 or not _same(now["declaration"], data):
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

    # Features of units --------------------------------------------------------------------------

    def put_features(
        self, entity: str, key: str, features: Mapping[str, Any]
    ) -> Exchange[dict[str, Any]]:
        """The features that are kept now."""
        if not isinstance(features, Mapping):
            raise InvalidInput(
                f"features must be a mapping of names and values, got {type(features).__name__}",
                field="features",
            )
        retries = Retries(self._timeout_s)
        path = _features_path(entity, key)
        body = yield from insist("PUT", path, json_bytes(dict(features)), retries)
        kept: dict[str, Any] = read_answer(body, dict[str, Any])["features"]
        return kept

    def features(self, entity: str, key: str) -> Exchange[dict[str, Any]]:
        """The features that are kept."""
        told = yield from self._look(_features_path(entity, key))
        kept: dict[str, Any] = told["features"]
        return kept

    def delete_features(self, entity: str, key: str) -> Exchange[bool]:
        """Whether any were kept; also where an earlier try of this call deleted them."""
        retries = Retries(self._timeout_s)
        body = yield from insist("DELETE", _features_path(entity, key), None, retries)
        return bool(read_answer(body, dict[str, Any])["deleted"]) or retries.lost_answer

    # Arms ---------------------------------------------------------------------------------------

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


def _features_path(entity: str, key: str) -> str:
    return f"/v1/features/{segment(entity)}/{segment(key)}"


def _version_path(name: str, version: int) -> str:
    return f"{bandit_path(name)}/snapshots/{whole_number(version, 'version')}"


def _same(made: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether the bandit that exists is the one asked for, but for a seed that was drawn."""
    drawn = {} if "seed" in asked else {"seed": made.get("seed")}
    return Declaration.parse({**asked, **drawn}) == Declaration.parse(made)
