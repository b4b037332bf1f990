"""`Source`: a log to judge policies by, and how policies are named in it. Refuses to judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamesu.base import InvalidInput
from tamesu.cli.evaluate.candidates import candidate
from tamesu.evaluate import Again, Reason, Rounds, Runs, Shares, Slates, SlateShares

if TYPE_CHECKING:
    from tamesu.cli.evaluate.question import Question

OPEN_BANDIT = "open-bandit"


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
    """

    about: str
    case: Callable[[str], Case]
    bounds: tuple[float, float] | None = None
    most_weight: float | None = None
    doubts: tuple[Reason, ...] = ()


def of_rounds(rounds: Rounds, left_out: Mapping[str, int] | None = None) -> Callable[[str], Case]:
    """Gives cases of a log that says no more than its rounds."""

    def case(name: str) -> Case:
        return Case(
            policy=name,
            rounds=rounds,
            target=candidate(name, rounds.arms),
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
    path = Path(asked.source)
    if asked.source == OPEN_BANDIT or path.suffix or path.is_file():
        _refuse_of_bandits(asked)
    if asked.source == OPEN_BANDIT:
        from tamesu.cli.evaluate.open_bandit import open_bandit

        yield open_bandit(asked.campaign, asked.logged_by)
    elif path.suffix or path.is_file():
        from tamesu.cli.evaluate.files import read_log

        yield read_log(path)
    else:
        from tamesu.cli.evaluate.installation import installation

        with installation(asked) as source:
            yield source


def _refuse_of_bandits(asked: Question) -> None:
    """Refuses words that only a bandit's own archive has an answer to: else they would change nothing, silently."""
    said = {
        "--at": asked.at != "along",
        "--every": asked.every is not None,
        "--since": asked.since is not None,
        "--until": asked.until is not None,
        "--data": asked.data is not None,
    }
    for word, given in said.items():
        if given:
            raise InvalidInput(
                f"{word} is for a bandit's own archive, and {asked.source!r} is another log",
                hint=f"leave {word} out",
            )
