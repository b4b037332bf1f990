"""A bandit's own archive as a log: what it decided, and what came of it. Refuses to change anything there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, Time
from tamesu.cli.evaluate.candidates import ARM, UNIFORM, candidate
from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.source import Case, Source
from tamesu.cli.output import progress
from tamesu.evaluate import Slates

if TYPE_CHECKING:
    from tamesu.engine import ArchivedDecisions, Candidates
    from tamesu.evaluate import Logged


@contextmanager
def installation(asked: Question) -> Iterator[Source]:
    """The decisions of the bandit that is asked for, while its archive is open.

    Raises:
        NotFound: no installation, or no such bandit.
        NoSupport: nothing is known to its end yet.
    """
    from tamesu.engine import Candidates
    from tamesu.wiring import candidate_of, load_settings, open_decisions

    since, until = (
        None if time is None else Time.parse(time) for time in (asked.since, asked.until)
    )
    with open_decisions(load_settings({"data": asked.data}), asked.source) as decisions:
        with progress("reading the archive", "rows", decisions.rows) as told:
            logged = decisions.logged(since, until, told)
        candidates = Candidates(decisions, logged)

        def case(name: str) -> Case:
            if name == UNIFORM or name.startswith(ARM):
                return _plain(name, logged, candidates)
            with progress(f"asking {name}", "decisions", len(logged)) as told:
                found = candidate_of(candidates, name, at=asked.at, every=asked.every, tell=told)
            several = _several(found.logged)
            return Case(
                policy=found.name,
                rounds=found.logged.slates() if several else found.logged.rounds(),
                target=found.target.placed if several else found.target,
                left_out=found.logged.left_out,
                told=found.told,
                logging=lambda: candidates.distributions(found),
                again=lambda runs: candidates.again(found, runs),
            )

        yield Source(
            about=f"{asked.source}, by its own archive",
            case=case,
            bounds=_bounds(decisions, logged),
            most_weight=candidates.most_weight(),
            doubts=candidates.doubts(),
        )


def _plain(name: str, logged: Logged, candidates: Candidates) -> Case:
    """A policy that needs to know no more than who was eligible."""
    target: Any = candidate(name, logged.arms)
    several = _several(logged)
    if several:
        if name != UNIFORM:
            raise InvalidInput(f"{name!r} delivers one arm, the log has several in each decision")
        target = _even
    return Case(
        policy=name,
        rounds=logged.slates() if several else logged.rounds(),
        target=target,
        left_out=logged.left_out,
        logging=lambda: candidates.distributions(candidates.called(_evenly, name)),
        again=lambda runs: candidates.again(candidates.called(_evenly, name), runs),
    )


def _evenly(context: Mapping[str, Any], arms: tuple[str, ...]) -> list[float]:
    """Uniform choice, as a function that is asked arm by arm."""
    del context
    return [1.0 / len(arms)] * len(arms)


def _even(slates: Slates) -> NDArray[np.float64]:
    """(m, L) uniform choice among the arms that are left."""
    n, size = slates.chosen.shape
    arms = np.full(n, len(slates.arms)) if slates.eligible is None else slates.eligible.sum(axis=1)
    left: NDArray[np.float64] = 1.0 / np.maximum(arms[:, None] - np.arange(size), 1)
    return left


def _several(logged: Logged) -> bool:
    return logged.size > 1


def _bounds(decisions: ArchivedDecisions, logged: Logged) -> tuple[float, float] | None:
    """Of a decision's reward, which is that of all its deliveries."""
    known = decisions.declaration.reward.bounds()
    return None if known is None else (known[0] * logged.size, known[1] * logged.size)
