"""Rounds to learn from, by the source's name: a bandit's own archive, a file, or the Open Bandit Dataset.

Refuses logs of several arms in each decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tamesu.base import NoSupport
from tamesu.base.feature import Schema
from tamesu.cli.evaluate.source import Source
from tamesu.cli.logs import Where, archived
from tamesu.evaluate import Rounds, Slates


@dataclass(frozen=True, kw_only=True)
class Found:
    """A log to learn from.

    Attributes:
        about: what it is, in words.
        rounds: its decisions.
        left_out: why others are not among them, and how many of each.
        context, arm_features: the schemas of their columns, where there are any.
        names: of the columns of contexts, where the log says them.
    """

    about: str
    rounds: Rounds
    left_out: Mapping[str, int]
    context: Schema | None = None
    arm_features: Schema | None = None
    names: tuple[str, ...] = ()


def rounds_from(where: Where) -> Found:
    """What was logged there.

    Raises:
        NotFound: no such file, and no bandit of that name.
        NoSupport: nothing is known to its end yet, or several arms in each decision.
        InvalidInput: a log that nothing can be learnt from.
    """
    if where.is_open_bandit:
        from tamesu.cli.evaluate.open_bandit import open_bandit

        return _plain(open_bandit(where))
    if where.file is not None:
        from tamesu.cli.evaluate.files import read_log

        return _plain(read_log(where.file))
    from tamesu.policy.features import encoder_of

    with archived(where) as (decisions, logged):
        return Found(
            about=f"{where.source}, by its own archive",
            rounds=logged.rounds(),
            left_out=logged.left_out,
            context=decisions.declaration.context,
            arm_features=decisions.declaration.arm_features,
            names=encoder_of(decisions.declaration).names,
        )


def _plain(source: Source) -> Found:
    case = source.case("uniform")
    if isinstance(case.rounds, Slates):
        raise NoSupport("a policy is learnt from decisions of one arm each, these are slates")
    return Found(about=source.about, rounds=case.rounds, left_out=case.left_out, names=source.names)
