"""`Source`: a log to judge policies by, and how policies are named in it. Refuses to judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tamesu.cli.evaluate.candidates import candidate
from tamesu.evaluate import Again, Reason, Rounds, Runs, Shares, Slates, SlateShares

if TYPE_CHECKING:
    from tamesu.cli.evaluate.question import Question


@dataclass(frozen=True, kw_only=True)
class Case:
    """A policy, and the part of a log that it may be judged by.

    Attributes:
        policy: its name.
        rounds: what was decided, one arm each or several.
        target: what the policy would have done there.
        left_out: why decisions are not among them, and how many of each.
        told: what else there is to know, by name.
        logging: gives what the logging policy would have done, where estimators need that.
        again: both policies, to be run again so many times and by such chance, where estimators of slates need that.
    """

    policy: str
    rounds: Rounds | Slates
    target: Shares | SlateShares
    left_out: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    logging: Callable[[], Shares] | None = None
    again: Callable[[Runs], Again] | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A log.

    Attributes:
        about: what it is, in words.
        case: a policy by its name on the command line.
        bounds: of rewards, where they are known.
        most_weight: the largest weight that could be, where it is known.
        doubts: what speaks against the log, whoever is judged by it.
        names: of the columns of contexts, where the log itself says them and no declaration does.
    """

    about: str
    case: Callable[[str], Case]
    bounds: tuple[float, float] | None = None
    most_weight: float | None = None
    doubts: tuple[Reason, ...] = ()
    names: tuple[str, ...] = ()


def of_rounds(
    rounds: Rounds, left_out: Mapping[str, int] | None = None, names: tuple[str, ...] = ()
) -> Callable[[str], Case]:
    """Gives cases of a log that says no more than its rounds, and perhaps what their columns are called."""

    def case(name: str) -> Case:
        return Case(
            policy=name,
            rounds=rounds,
            target=candidate(name, rounds.arms, len(rounds), names),
            left_out=left_out or {},
        )

    return case


@contextmanager
def source_of(asked: Question) -> Iterator[Source]:
    """The log that was asked for, while it is open.

    Raises:
        NotFound: no such file, and no bandit of that name.
        InvalidInput: a log that no policy can be judged by.
    """
    if asked.where.is_open_bandit:
        from tamesu.cli.evaluate.open_bandit import open_bandit

        yield open_bandit(asked.where)
    elif asked.where.file is not None:
        from tamesu.cli.evaluate.files import read_log

        yield read_log(asked.where.file)
    else:
        from tamesu.cli.evaluate.installation import installation

        with installation(asked) as source:
            yield source
