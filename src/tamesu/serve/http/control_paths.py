"""What people ask of bandits: created, shown, changed, kept versions; each a thin translation.

Refuses to hold any rule of its own: what may be asked and what it means is the core's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

from tamesu.base import InvalidInput
from tamesu.serve.core import Service
from tamesu.serve.core.bodies import read_json
from tamesu.serve.core.versions import DEFAULT
from tamesu.serve.core.wire import write
from tamesu.serve.http.query import flag, number, parameters, path_end
from tamesu.serve.http.resource import Answer

_MOST_DIGITS = 18


class ControlPaths:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create(self, _: Scope, body: bytes) -> Answer:
        """POST /v1/bandits."""
        created = await self._service.control.create(await asyncio.to_thread(read_json, body))
        location = (b"location", f"/v1/bandits/{created['name']}".encode())
        return Answer(write(created), 201, headers=(location, *_tagged(created)))

    async def bandits(self, _: Scope, __: bytes) -> Answer:
        """GET /v1/bandits."""
        return Answer(write({"bandits": await self._service.control.bandits()}))

    async def bandit(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}."""
        told = await self._service.control.bandit(scope["path_params"]["name"])
        return Answer(write(told), headers=_tagged(told))

    async def update(self, scope: Scope, body: bytes) -> Answer:
        """PUT /v1/bandits/{name}, with the header If-Match."""
        warm = flag(parameters(scope["query_string"], "warm"), "warm")
        data = await asyncio.to_thread(read_json, body)
        name = scope["path_params"]["name"]
        return _commanded(
            await self._service.lifecycle.update(name, data, _wanted(scope), warm=warm)
        )

    async def delete(self, scope: Scope, _: bytes) -> Answer:
        """DELETE /v1/bandits/{name}."""
        return _commanded(await self._service.lifecycle.delete(scope["path_params"]["name"]))

    async def freeze(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/freeze."""
        data = read_json(body) if body else None
        return _commanded(await self._service.lifecycle.freeze(scope["path_params"]["name"], data))

    async def resume(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/resume."""
        data = read_json(body) if body else None
        return _commanded(await self._service.lifecycle.resume(scope["path_params"]["name"], data))

    async def rollback(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/rollback."""
        name = scope["path_params"]["name"]
        data = read_json(body) if body else {}
        return _commanded(await self._service.lifecycle.rollback(name, data))

    async def conservation(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/conservation."""
        name = scope["path_params"]["name"]
        return Answer(write(await self._service.control.conservation(name)))

    async def snapshots(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/snapshots."""
        said = parameters(scope["query_string"], "limit", "before")
        limit = number(said, "limit")
        listed = await self._service.versions.all(
            scope["path_params"]["name"],
            limit=DEFAULT if limit is None else limit,
            before=number(said, "before"),
        )
        return Answer(write(listed))

    async def snapshot(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/snapshots/{version}."""
        at = scope["path_params"]
        return Answer(write(await self._service.versions.one(at["name"], at["version"])))

    async def pin(self, scope: Scope, _: bytes) -> Answer:
        """PUT /v1/bandits/{name}/snapshots/{version}/pin."""
        at = scope["path_params"]
        return Answer(
            write(await self._service.versions.pin(at["name"], at["version"], pinned=True))
        )

    async def unpin(self, scope: Scope, _: bytes) -> Answer:
        """DELETE /v1/bandits/{name}/snapshots/{version}/pin."""
        at = scope["path_params"]
        return Answer(
            write(await self._service.versions.pin(at["name"], at["version"], pinned=False))
        )

    async def arms(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/bandits/{name}/arms."""
        return Answer(write(await self._service.arms.all(scope["path_params"]["name"])))

    async def change_arms(self, scope: Scope, body: bytes) -> Answer:
        """POST /v1/bandits/{name}/arms."""
        data = await asyncio.to_thread(read_json, body)
        return _commanded(await self._service.arms.change(scope["path_params"]["name"], data))

    async def put_arm(self, scope: Scope, body: bytes) -> Answer:
        """PUT /v1/bandits/{name}/arms/{arm}; an empty body says nothing of its metadata."""
        data = read_json(body) if body else {}
        name = scope["path_params"]["name"]
        return _commanded(await self._service.arms.put(name, _arm(scope), data))

    async def retire_arm(self, scope: Scope, _: bytes) -> Answer:
        """DELETE /v1/bandits/{name}/arms/{arm}."""
        name = scope["path_params"]["name"]
        return _commanded(await self._service.arms.retire(name, _arm(scope)))

    async def command(self, scope: Scope, _: bytes) -> Answer:
        """GET /v1/commands/{command}."""
        number = scope["path_params"]["command"]
        return Answer(write(await self._service.commands.find(number)))


def _commanded(said: Mapping[str, Any]) -> Answer:
    """What became of a command: 202 and where to look while it waits for the trainer."""
    if said["status"] != "pending":
        return Answer(write(said), headers=_tagged(said))
    location = (b"location", b"/v1/commands/%d" % said["command"])
    return Answer(write(said), 202, headers=(location,))


def _tagged(told: Mapping[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The number of a declaration that is told, as the tag that a change of it must match.

    It tags the declaration and not what else is told of the bandit, so nobody may keep the answer.
    """
    if "declaration" not in told or "number" not in told:
        return ()
    return ((b"etag", b'"%d"' % told["number"]), (b"cache-control", b"no-store"))


def _wanted(scope: Scope) -> int | None:
    """The number that If-Match holds, in quotes or bare; none without it, or where anything matches.

    Raises:
        InvalidInput: it holds something else.
    """
    texts = [value for name, value in scope["headers"] if name == b"if-match"]
    text = b", ".join(texts).decode("latin-1").strip()
    if text in ("", "*"):
        return None
    digits = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise InvalidInput(
            f"If-Match must hold the number of one declaration, got {text[:80]!r}",
            hint='for example  If-Match: "1"; GET answers it as the ETag',
        )
    return int(digits)


def _arm(scope: Scope) -> str:
    """The id of an arm that a path ends with."""
    return path_end(scope, 5, "an arm id")
