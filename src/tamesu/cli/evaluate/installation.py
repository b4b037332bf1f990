"""A bandit's own archive as a log: what it decided, and what came of it. Refuses to change anything there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tamesu.base import InvalidInput
from tamesu.cli.evaluate.candidates import ARM, UNIFORM, candidate, uniform_of_slates
from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.source import Case, Source
from tamesu.cli.logs import archived
from tamesu.cli.output import progress

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
    from tamesu.wiring import candidate_of

    with archived(asked.where) as (decisions, logged):
        candidates = Candidates(decisions, logged)

        def case(name: str) -> Case:
            if name == UNIFORM or name.startswith(ARM):
                return _plain(name, logged, candidates)
            with progress(f"asking {name}", "decisions", len(logged)) as told:
                found = candidate_of(
                    candidates, name, at=asked.at or "along", every=asked.every, tell=told
                )
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
            about=f"{asked.where.source}, by its own archive",
            case=case,
            bounds=_bounds(decisions, logged),
            most_weight=candidates.most_weight(),
            doubts=candidates.doubts(),
        )


def _plain(name: str, logged: Logged, candidates: Candidates) -> Case:
    """A policy that needs to know no more than who was eligible."""
    target: Any = candidate(name, logged.arms, len(logged))
    several = _several(logged)
    if several:
        if name != UNIFORM:
            raise InvalidInput(f"{name!r} delivers one arm, the log has several in each decision")
        target = uniform_of_slates
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


def _several(logged: Logged) -> bool:
    return logged.size > 1


def _bounds(decisions: ArchivedDecisions, logged: Logged) -> tuple[float, float] | None:
    """Of a decision's reward, which is that of all its deliveries."""
    known = decisions.declaration.reward.bounds()
    if known is None or known[0] == known[1]:
        return None
    return known[0] * logged.size, known[1] * logged.size
