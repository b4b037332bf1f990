"""Judging: candidates by a bandit's own archive, as people name them: a file, a snapshot, a function, the log's own.

It reads beside a system that runs and changes nothing of it. Refuses what it cannot tell apart.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamesu.base import Declaration, InvalidInput, Time
from tamesu.wiring.kept import open_kept
from tamesu.wiring.learning import learnt_target
from tamesu.wiring.settings import Settings

if TYPE_CHECKING:
    from tamesu.engine import ArchivedDecisions, Candidate, Candidates
    from tamesu.evaluate import Evaluation

LOGGING = "logging"
"""The policy that made the log."""

SNAPSHOT = "snapshot:"
"""`snapshot:N`, `snapshot:newest`: what that had learnt, served as it is."""

UNIFORM = "uniform"
"""Every eligible arm alike."""

ARM = "arm:"
"""`arm:ID`: that arm, always."""

NEWEST = "newest"
ALONG = "along"
PRIOR = "prior"

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_KNOWN = (
    "FILE.yaml, FILE.json, snapshot:N, snapshot:newest, module:function, a folder that was learnt, uniform, arm:ID, "
    "logging"
)


@contextlib.contextmanager
def open_decisions(settings: Settings, name: str) -> Iterator[ArchivedDecisions]:
    """The decisions of the bandit called `name`, open while they are needed; raises as `open_kept`.

    Raises:
        NotFound: there is no such bandit.
    """
    from tamesu.engine import ArchivedDecisions

    with open_kept(settings) as (store, archive):
        yield ArchivedDecisions(store, archive, name)


def judge(  # noqa: PLR0913 - what is judged, by what of a log, and how
    bandit: str,
    policy: Any,
    *,
    data: str | Path = "data",
    at: str = ALONG,
    every: int | None = None,
    since: str | None = None,
    until: str | None = None,
    seed: int = 0,
    runs: int = 256,
    **asked: Any,
) -> Evaluation:
    """What `policy` would have earned in the decisions of `bandit`, and how far that can be trusted.

    Args:
        bandit: its name.
        policy: a declaration, as a mapping, a file or `Declaration`; `snapshot:N`, `snapshot:newest`; `logging`, the
            policy that made the log; `uniform`; `arm:ID`; a function of a context and arms, or `module:function`; a
            folder that was learnt.
        data: the folder of the installation.
        at: what a declaration knows: `along`, it learns along the log; `prior`; the version of a snapshot, or `newest`.
        every: of one that learns along the log, how many decisions one state makes; none for a thousandth of them.
        since: a moment, as RFC 3339 has it; decisions before are left out.
        until: a moment; what was told later is left out.
        seed: of a bootstrap's draws, and of runs.
        runs: for each slate, where policies are run again for estimators that need marginals.
        asked: as `tamesu.evaluate.evaluated` has them, of slates `evaluated_slates`: estimators, estimands, interval …

    Raises:
        NotFound: no installation, or no such bandit.
        NoSupport: nothing is known to its end, or the policy cannot stand where the bandit stood.
        InvalidInput: whatever else cannot be.
    """
    import numpy as np

    from tamesu.engine import Candidates, ends_of, most_weight_of
    from tamesu.evaluate import Bounds, Runs, evaluated, evaluated_slates, wants_logging
    from tamesu.wiring.settings import load_settings

    first, last = (None if time is None else Time.parse(time) for time in (since, until))
    with open_decisions(load_settings({"data": str(data)}), bandit) as decisions:
        logged = decisions.logged(first, last)
        candidates = Candidates(decisions, logged)
        found = candidate_of(candidates, policy, at=at, every=every)
        ends = ends_of(decisions)
        if ends is not None and "bounds" not in asked:
            asked["bounds"] = Bounds(*ends, most_weight_of(decisions, logged))
        asked.setdefault("uniforms", np.random.Generator(np.random.Philox(seed)).random)
        asked["left_out"] = found.logged.left_out
        if logged.size > 1:
            by = Runs(asked["uniforms"], runs)
            asked.setdefault("again", lambda: candidates.again(found, by))
            evaluation = evaluated_slates(found.logged.slates(), found.target.placed, **asked)
            return evaluation.beside(candidates.doubts())
        if wants_logging(asked.get("estimators", ())):
            asked.setdefault("logging", candidates.distributions(found))
        evaluation = evaluated(found.logged.rounds(), found.target, **asked)
        return evaluation.beside(candidates.doubts())


def named_function(name: str) -> Callable[..., Any]:
    """The function `module:function`, from the folder one is in or from what is installed.

    Raises:
        NotFound, Unavailable: there is none that can be imported.
    """
    from tamesu.adapters.armsource.function import imported

    return imported(name)


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
        every: of one that learns along the log, how many decisions one state makes; none for a thousandth of them.
        tell: hears how many decisions are done.

    Raises:
        InvalidInput: nothing that is known.
        NotFound, NoSupport: see `Candidates`.
    """
    from tamesu.engine.archived_decisions import silent

    tell = tell or silent
    known = _known(candidates, policy, tell) if isinstance(policy, str) else None
    if known is not None:
        return known
    function = _function(candidates, policy)
    if function is not None:
        named = isinstance(policy, str | Path)
        name = str(policy) if named else getattr(policy, "__name__", "the function")
        return _called(candidates, function, name)
    declaration = _declaration(policy)
    name = str(policy) if isinstance(policy, str | Path) else declaration.name
    if at == ALONG:
        return candidates.along(declaration, every=every, name=name, tell=tell)
    version = 0 if at == PRIOR else _version(at, "--at")
    return candidates.declared(declaration, version, name)


def _known(candidates: Candidates, name: str, tell: Any) -> Candidate | None:
    """The candidate of that name, of those that nobody has to write; none where it is another one's."""
    if name == LOGGING:
        return candidates.logging(tell)
    if name == UNIFORM:
        return candidates.evenly(name)
    if name.startswith(ARM):
        return candidates.always(name.removeprefix(ARM), name)
    if name.startswith(SNAPSHOT):
        return candidates.snapshot(_version(name.removeprefix(SNAPSHOT), name))
    return None


def _function(candidates: Candidates, policy: Any) -> Any:
    """What can be called: a function, one that is named, or what was learnt; none where it is none of them."""
    if isinstance(policy, str | Path) and Path(policy).is_dir():
        return learnt_target(Path(policy), candidates.declaration)
    if isinstance(policy, str) and _FUNCTION.fullmatch(policy) and not Path(policy).exists():
        return named_function(policy)
    return policy if callable(policy) else None


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
