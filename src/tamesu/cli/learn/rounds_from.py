"""Rounds to learn from, by the source's name: a bandit's own archive, a file, or the Open Bandit Dataset.

Refuses logs of several arms in each decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tamesu.base import NoSupport, Time
from tamesu.base.feature import Schema
from tamesu.cli.evaluate.source import OPEN_BANDIT, Source
from tamesu.cli.output import progress
from tamesu.evaluate import Rounds, Slates


@dataclass(frozen=True, kw_only=True)
class Found:
    """A log to learn from.

    Attributes:
        about: what it is, in words.
        rounds: its decisions.
        left_out: why others are not among them, and how many of each.
        context, arm_features: the schemas of their columns, where there are any.
    """

    about: str
    rounds: Rounds
    left_out: Mapping[str, int]
    context: Schema | None = None
    arm_features: Schema | None = None


def rounds_from(  # noqa: PLR0913 - the words of a command line
    source: str,
    *,
    data: str | None,
    since: str | None,
    until: str | None,
    campaign: str,
    logged_by: str,
) -> Found:
    """What `source` logged.

    Raises:
        NotFound: no such file, and no bandit of that name.
        NoSupport: nothing is known to its end yet, or several arms in each decision.
        InvalidInput: a log that nothing can be learnt from.
    """
    path = Path(source)
    if source == OPEN_BANDIT:
        from tamesu.cli.evaluate.open_bandit import open_bandit

        return _plain(open_bandit(campaign, logged_by))
    if path.suffix or path.is_file():
        from tamesu.cli.evaluate.files import read_log

        return _plain(read_log(path))
    return _archived(source, data, since, until)


def _plain(source: Source) -> Found:
    case = source.case("uniform")
    if isinstance(case.rounds, Slates):
        raise NoSupport("a policy is learnt from decisions of one arm each, these are slates")
    return Found(about=source.about, rounds=case.rounds, left_out=case.left_out)


def _archived(name: str, data: str | None, since: str | None, until: str | None) -> Found:
    from tamesu.wiring import load_settings, open_decisions

    first, last = (None if time is None else Time.parse(time) for time in (since, until))
    with open_decisions(load_settings({"data": data}), name) as decisions:
        with progress("reading the archive", "rows", decisions.rows) as told:
            logged = decisions.logged(first, last, told)
        declaration = decisions.declaration
        return Found(
            about=f"{name}, by its own archive",
            rounds=logged.rounds(),
            left_out=logged.left_out,
            context=declaration.context,
            arm_features=declaration.arm_features,
        )
