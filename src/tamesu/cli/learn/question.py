"""What `tamesu learn surrogate` is asked, made of words: a declaration, a later value, and how far back.

Refuses words that mean nothing, before the log is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tamesu.base import Aggregate, Declaration, Duration, InvalidInput, NotFound, Time, plain
from tamesu.base.errors import close_match, listing
from tamesu.cli.learn.amounts import Amounts, read_amounts
from tamesu.cli.learn.looking_back import Asked
from tamesu.cli.learn.weighed import lists, refuse_unfit
from tamesu.engine import LaterEvents

if TYPE_CHECKING:
    from tamesu.ports import Store
    from tamesu.serve import UnitNames

FILES = (".csv", ".parquet")
"""Endings of a later value that is a file."""

WARMED = "gaussian"
"""The belief whose arms may start with what their early events were worth: it asks for no context."""

PRIORS = ("prior", "priors")
"""Options of a belief that speak of rewards before there are any."""


class Words(NamedTuple):
    """The options, as they were written; see the command."""

    later: str
    within: str
    aggregate: str
    since: str | None
    until: str | None
    declaration: Path | None
    belief: str | None
    strength: float | None


class Question(NamedTuple):
    """What is asked.

    Attributes:
        written: the declaration whose reward is to be weighed, as plain data; `declaration` itself.
        asked: what is looked for.
    """

    written: dict[str, Any]
    declaration: Declaration
    asked: Asked


def question(store: Store, name: str, words: Words, names: UnitNames) -> Question:
    """What `words` ask of the bandit called `name`.

    Raises:
        NotFound: there is no such bandit.
        InvalidInput: words that cannot be, or a declaration whose reward cannot be a surrogate.
    """
    written = _written(store, name, words)
    declaration = Declaration.parse(written)
    if declaration.name != name:
        raise InvalidInput(
            f"the declaration must be of bandit {name!r}, got one of {declaration.name!r}"
        )
    refuse_unfit(declaration, written)
    kind = declaration.belief.kind
    if words.strength is not None and kind != WARMED:
        raise InvalidInput(
            f"--strength fills the priors of belief {WARMED}, got {kind}",
            hint="leave it out; a log with contexts fills those of others:  tamesu bandit priors",
        )
    within, window = Duration.parse(words.within), Duration(declaration.reward.longest_us)
    if within <= window:
        raise InvalidInput(
            f"--within must be longer than the window of the events, {window.text()}, "
            f"got {within.text()}",
            hint="what comes within the window is no later value: give it a weight",
        )
    later = _later(words, declaration)
    since, until = _span(later, words)
    asked = Asked(
        bandit=name,
        reward=declaration.reward,
        declared=_declared(store, name, declaration),
        within=within,
        later=later,
        since=since,
        until=until,
        names=names,
    )
    return Question(written, declaration, asked)


def _written(store: Store, name: str, words: Words) -> dict[str, Any]:
    from tamesu.client.arguments import read_declaration
    from tamesu.ports import roster_of

    known = store.declarations()
    if name not in known:
        raise NotFound.bandit(name, known)
    if words.declaration is not None:
        written = read_declaration(words.declaration)
    else:
        newest = known[name]
        written = _without_priors(lists(newest.declaration.plain()))
        if not newest.declaration.slots:
            # Those that are active now, whoever added them: a declaration retires all others.
            roster = roster_of(store, newest, store.snapshot(name))
            written["arms"] = [lists(plain(arm)) for arm in roster.active]
    if isinstance(written.get("reward"), dict):
        # What an earlier fit said, of weights that are about to go.
        written["reward"] = {
            key: value for key, value in written["reward"].items() if key != "surrogate"
        }
    if words.belief is not None:
        written["policy"] = {**(written.get("policy") or {}), "belief": words.belief}
    return written


def _without_priors(written: dict[str, Any]) -> dict[str, Any]:
    """A prior is of the reward as it was: of another one it would say what nobody knows."""
    policy = written["policy"]
    belief = {name: value for name, value in policy["belief"].items() if name not in PRIORS}
    return {**written, "policy": {**policy, "belief": belief}}


def _later(words: Words, declaration: Declaration) -> LaterEvents | Amounts:
    if words.later.endswith(FILES):
        return read_amounts(Path(words.later))
    types = declaration.reward.events
    if words.later not in types:
        match = close_match(words.later, types)
        raise InvalidInput(
            f"--later must be one of {listing(types)}, or a file that ends with one of "
            f"{listing(FILES)}, got {words.later!r}",
            hint=f"did you mean {match!r}?" if match else "",
        )
    aggregates = [one.value for one in Aggregate]
    if words.aggregate not in aggregates:
        raise InvalidInput.unknown_choice(words.aggregate, aggregates, "--aggregate")
    return LaterEvents(type=words.later, aggregate=Aggregate(words.aggregate))


def _span(later: LaterEvents | Amounts, words: Words) -> tuple[Time, Time]:
    """From when on deliveries are told, and up to when a file says everything."""
    first, last = (
        (0, 0) if isinstance(later, LaterEvents) else (int(later.at.min()), int(later.at.max()))
    )
    if isinstance(later, LaterEvents) and words.until is not None:
        raise InvalidInput("--until speaks of a file, and --later is an event type")
    since = Time(first) if words.since is None else Time.parse(words.since)
    until = Time(last) if words.until is None else Time.parse(words.until)
    if words.since is not None and words.until is not None and until <= since:
        raise InvalidInput(
            f"--until must be later than --since, got {until.text()} and {since.text()}"
        )
    return since, until


def _declared(store: Store, name: str, declaration: Declaration) -> dict[int, bool]:
    """Which declarations took events of all types of this one."""
    wanted = declaration.reward.events.keys()
    newest = store.declarations()[name].number
    found = {number: store.declared(name, number) for number in range(1, newest + 1)}
    return {
        number: wanted <= one.declaration.reward.events.keys()
        for number, one in found.items()
        if one is not None
    }
