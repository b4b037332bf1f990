"""A bandit's own archive as a log: what it decided, and what came of it. Refuses to change anything there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.source import Case, Source
from tamesu.cli.logs import archived
from tamesu.cli.output import progress


@contextmanager
def installation(asked: Question) -> Iterator[Source]:
    """The decisions of the bandit that is asked for, while its archive is open.

    Raises:
        NotFound: no installation, or no such bandit.
        NoSupport: nothing is known to its end yet.
    """
    from tamesu.engine import Candidates, ends_of, most_weight_of
    from tamesu.wiring import candidate_of

    with archived(asked.where) as (decisions, logged):
        candidates = Candidates(decisions, logged)

        def case(name: str) -> Case:
            with progress(f"asking {name}", "decisions", len(logged)) as told:
                found = candidate_of(
                    candidates, name, at=asked.at or "along", every=asked.every, tell=told
                )
            several = found.logged.size > 1
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
            bounds=ends_of(decisions),
            most_weight=most_weight_of(decisions, logged),
            doubts=candidates.doubts(),
        )
