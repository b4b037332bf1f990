"""The calls that set bandits up and look at them, as exchanges.

`Control` and `AsyncControl` say the same words and both mean these, and those of `command_calls`. Refuses
to create a bandit twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tamesu.base import Conflict, InvalidInput
from tamesu.client.address import segment
from tamesu.client.answers import bandit_path, is_asked_for, read_answer
from tamesu.client.arguments import read_declaration, whole_number
from tamesu.client.command_calls import CommandCalls
from tamesu.client.exchange import Exchange, insist
from tamesu.client.outbound import json_bytes
from tamesu.client.retries import Retries


class ControlCalls(CommandCalls):
    """The calls of one client."""

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
            if not is_asked_for(made["declaration"], data):
                raise
            return made
        return read_answer(body, dict[str, Any])

    def bandits(self) -> Exchange[list[dict[str, Any]]]:
        """Every bandit in short."""
        told = yield from self._look("/v1/bandits")
        bandits: list[dict[str, Any]] = told["bandits"]
        return bandits

    def explain(self, decision_id: str) -> Exchange[dict[str, Any]]:
        """A decision, executed again."""
        return self._look(f"/v1/decisions/{segment(decision_id)}")

    def report(self, name: str, period: str | None) -> Exchange[dict[str, Any]]:
        """What a bandit has learnt, and what it earned in a period."""
        said = {} if period is None else {"period": str(period)}
        return self._look(f"{bandit_path(name)}/report{_query(said)}")

    def convergence(
        self, name: str, window: str | None, windows: int | None, size: int | None
    ) -> Exchange[dict[str, Any]]:
        """How fast its ranking moves."""
        said = {} if window is None else {"window": str(window)}
        for parameter, value in (("windows", windows), ("size", size)):
            if value is not None:
                said[parameter] = str(whole_number(value, parameter))
        return self._look(f"{bandit_path(name)}/convergence{_query(said)}")

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


def _query(said: Mapping[str, str]) -> str:
    return f"?{urlencode(said)}" if said else ""


def _features_path(entity: str, key: str) -> str:
    return f"/v1/features/{segment(entity)}/{segment(key)}"


def _version_path(name: str, version: int) -> str:
    return f"{bandit_path(name)}/snapshots/{whole_number(version, 'version')}"
