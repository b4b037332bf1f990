"""Judging: candidates by a bandit's own archive, as people name them: a file, a snapshot, a function, the log's own.

It reads beside a system that runs and changes nothing of it. Refuses what it cannot tell apart.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamesu.base import Declaration, InvalidInput
from tamesu.wiring.kept import open_kept
from tamesu.wiring.settings import Settings

if TYPE_CHECKING:
    from tamesu.engine import ArchivedDecisions, Candidate, Candidates

LOGGING = "logging"
"""The policy that made the log."""

SNAPSHOT = "snapshot:"
"""`snapshot:N`, `snapshot:newest`: what that had learnt, served as it is."""

NEWEST = "newest"
ALONG = "along"
PRIOR = "prior"

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_KNOWN = "FILE.yaml, FILE.json, snapshot:N, snapshot:newest, module:function, logging"


@contextlib.contextmanager
def open_decisions(settings: Settings, name: str) -> Iterator[ArchivedDecisions]:
    """The decisions of the bandit called `name`, open while they are needed; raises as `open_kept`.

    Raises:
        NotFound: there is no such bandit.
    """
    from tamesu.engine import ArchivedDecisions

    with open_kept(settings) as (store, archive):
        yield ArchivedDecisions(store, archive, name)


def candidate_of(
    candidates: Candidates,
    policy: Any,
    *,
    at: str = ALONG,
    every: int | None = None,
    tell: Any = None,
) -> Candidate:
    """The candidate that `policy` names.

    Args:
        candidates: those of a bandit.
        policy: a text as people write it, a declaration, or a function: of a context and arms (`Called`), or of
            rounds (`Shares`).
        at: what a declaration knows: `along`, it learns along the log; `prior`; the version of a snapshot, or `newest`.
        every: of one that learns along the log, how many decisions one state makes.
        tell: hears how many decisions are done.

    Raises:
        InvalidInput: nothing that is known.
        NotFound, NoSupport: see `Candidates`.
    """
    from tamesu.engine.along import EVERY
    from tamesu.engine.archived_decisions import silent

    tell = tell or silent
    if isinstance(policy, str) and policy == LOGGING:
        return candidates.logging(tell)
    if isinstance(policy, str) and policy.startswith(SNAPSHOT):
        return candidates.snapshot(_version(policy.removeprefix(SNAPSHOT), policy))
    if isinstance(policy, str) and _FUNCTION.fullmatch(policy) and not Path(policy).exists():
        from tamesu.adapters.armsource.function import imported

        return _called(candidates, imported(policy), policy)
    if callable(policy):
        return _called(candidates, policy, getattr(policy, "__name__", "the function"))
    declaration = _declaration(policy)
    name = str(policy) if isinstance(policy, str | Path) else declaration.name
    if at == ALONG:
        return candidates.along(declaration, every=every or EVERY, name=name, tell=tell)
    version = 0 if at == PRIOR else _version(at, "--at")
    return candidates.declared(declaration, version, name)


def _called(candidates: Candidates, function: Any, name: str) -> Candidate:
    """By what it asks for: rounds, or a context and arms."""
    try:
        asked = [
            one
            for one in inspect.signature(function).parameters.values()
            if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}
            and one.default is one.empty
        ]
    except (TypeError, ValueError):
        asked = []  # one that Python cannot look into
    if len(asked) == 1:
        return candidates.shared(function, name)
    return candidates.called(function, name)


def _declaration(policy: Any) -> Declaration:
    from tamesu.client.arguments import read_declaration

    if isinstance(policy, Declaration):
        return policy
    is_file = isinstance(policy, str | Path) and (
        Path(policy).suffix in {".yaml", ".yml", ".json"} or Path(policy).exists()
    )
    if not (is_file or isinstance(policy, Mapping)):
        raise InvalidInput(f"a policy must be one of {_KNOWN}, got {policy!r}")
    return Declaration.parse(read_declaration(policy))


def _version(text: str, where: str) -> int | None:
    if text == NEWEST:
        return None
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise InvalidInput(
            f"{where} must name a snapshot by its number from 1, or newest, got {text!r}",
            hint="tamesu bandit snapshots NAME lists them",
        )
    return int(text)
