"""The error tree: what can go wrong, said once, with the status that HTTP has for it.

```
TamesuError
├─ InvalidInput            400   the caller sent something that cannot be true
│  ├─ InvalidDeclaration   400   a bandit that cannot be (exit code 2)
│  ├─ ShapeMismatch        400   arrays that do not fit together
│  ├─ TooLarge             413   a body, a batch or a nesting over its limit
│  ├─ WrongMediaType       415   a body that is not JSON
│  └─ NoSupport            422   no data can answer this question
├─ NotFound                404   a name or an id that nothing has
├─ Conflict                409   another writer was first
│  ├─ Outdated             412   made for a declaration that is no longer the newest
│  └─ NumberMissing        428   it must say for which declaration it is made (If-Match)
├─ Unavailable             503   a part is down or full; try again (retry_after_s)
│  ├─ Backpressure         429   our own queue is full
│  └─ Throttled            429   a key that calls too often
├─ Corrupt                 500   stored bytes that cannot be read
├─ MissingExtra            500   a driver that is not installed (exit code 3)
├─ Denied                  403   not allowed
│  └─ Unidentified         401   no key, or none that is valid
├─ Unsent                  500   events that a client could not deliver, handed back
└─ Bug                     500   a law of our own is broken
```

A message says what must hold, what was got and where; the hint says what to do. Wording that more
than one place needs lives in a named constructor of its class. Refuses to import anything else of
Tamesu.
"""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MOST_COMPARED = 500
"""Names that a refusal looks through for the close match: of 100,000 it would take seconds."""


def close_match(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` (its first `MOST_COMPARED`) that `name` was probably meant to be, if any."""
    some = itertools.islice(known, MOST_COMPARED)
    found = difflib.get_close_matches(name, some, n=1, cutoff=0.6)
    return found[0] if found else None


def listing(known: Iterable[str], most: int = 12) -> str:
    """`'a', 'b', … (+3 more)`: the alternatives, as a message shows them."""
    names = sorted(known)
    shown = ", ".join(repr(name) for name in names[:most])
    more = len(names) - most
    return f"{shown} (+{more} more)" if more > 0 else shown or "none"


class TamesuError(Exception):
    """Root of every error that Tamesu raises on purpose.

    Attributes:
        code: stable name of the kind of error, for programs.
        retriable: whether the same call may succeed later.
        hint: what to do about it, or an empty string.
        facts: typed details, by name.
    """

    code: ClassVar[str] = "error"
    retriable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class InvalidInput(TamesuError):
    """What the caller sent cannot be true or cannot be used."""

    code = "invalid-input"
    exit_code = 2

    @classmethod
    def unknown_field(cls, name: str, known: Iterable[str], where: str) -> InvalidInput:
        """A key that this version does not know."""
        known = list(known)
        match = close_match(name, known)
        hint = f"did you mean {match!r}?" if match else f"known here: {listing(known)}"
        return cls(f"unknown field {name!r} in {where}", hint=hint, field=name, where=where)

    @classmethod
    def unknown_choice(cls, got: str, known: Iterable[str], where: str) -> InvalidInput:
        """A word where only some are known."""
        known = list(known)
        match = close_match(got, known)
        return cls(
            f"{where} must be one of {listing(known)}, got {got[:40]!r}",
            hint=f"did you mean {match!r}?" if match else "",
            where=where,
        )

    @classmethod
    def unknown_kind(cls, what: str, kind: str, known: Iterable[str]) -> Self:
        """A belief, an estimator or the like that this installation does not have."""
        known = list(known)
        match = close_match(kind, known)
        hint = f"did you mean {match!r}?" if match else f"known: {listing(known)}"
        return cls(f"unknown {what} {kind!r}", hint=hint, kind=kind, what=what)

    @classmethod
    def bad_id(cls, kind: str, text: str, form: str) -> InvalidInput:
        """An id that does not parse."""
        return cls(f"a {kind} id must look like {form}, got {text[:120]!r}", id=text[:300])


class InvalidDeclaration(InvalidInput):
    """A bandit as declared cannot be."""

    code = "invalid-declaration"


class ShapeMismatch(InvalidInput):
    """Arrays that do not fit together."""

    code = "shape-mismatch"


class TooLarge(InvalidInput):
    """A body, a batch or a nesting over its limit."""

    code = "too-large"


class WrongMediaType(InvalidInput):
    """A body that is not what this endpoint reads."""

    code = "wrong-media-type"


class NoSupport(InvalidInput):
    """The data holds nothing that could answer the question."""

    code = "no-support"


class NotFound(TamesuError):
    """A name or an id that nothing has."""

    code = "not-found"

    @classmethod
    def bandit(cls, name: str, known: Iterable[str]) -> NotFound:
        """A bandit that is not declared."""
        known = list(known)
        match = close_match(name, known)
        hint = (
            f"did you mean {match!r}?"
            if match
            else "create it:  tamesu bandit create FILE, or POST /v1/bandits"
        )
        return cls(f"no bandit named {name!r} (known: {listing(known)})", hint=hint, bandit=name)

    @classmethod
    def arms(cls, unknown: Iterable[str], known: Iterable[str]) -> NotFound:
        """Eligible arms that the bandit does not have."""
        unknown, known = sorted(unknown), list(known)
        match = close_match(unknown[0], known)
        hint = f"did you mean {match!r}?" if match else f"known: {listing(known)}"
        return cls(f"no such arm: {listing(unknown)}", hint=hint, arms=unknown[:100])

    @classmethod
    def combinations(cls, unknown: Iterable[str], known: str) -> NotFound:
        """Combinations that the bandit does not have; `known` is one that it has."""
        unknown = sorted(unknown)
        hint = f"name an option of each slot, in their order, as in {known!r}"
        return cls(f"no such combination: {listing(unknown)}", hint=hint, arms=unknown[:100])


class Conflict(TamesuError):
    """Another writer was first, or the thing already is."""

    code = "conflict"

    @classmethod
    def exists(cls, name: str) -> Conflict:
        """A bandit of this name is declared already."""
        return cls(
            f"a bandit named {name!r} exists already",
            hint=f"choose another name, or read it with GET /v1/bandits/{name}",
            bandit=name,
        )


class Outdated(Conflict):
    """A change that was made for another declaration or roster than the newest."""

    code = "outdated"

    @classmethod
    def declaration(cls, bandit: str, wanted: int, newest: int) -> Outdated:
        """The number that a change names is not the newest one's."""
        return cls(
            f"a change of bandit {bandit!r} must be made for its newest declaration, {newest}, "
            f"got {wanted}",
            hint="read the bandit again, and make the change for what it is now",
            newest=newest,
        )

    @classmethod
    def roster(cls, bandit: str, wanted: int, newest: int) -> Outdated:
        """The number of the roster that a change of arms names is not the newest one's."""
        return cls(
            f"a change of the arms of {bandit!r} must be made for its newest roster, {newest}, "
            f"got {wanted}",
            hint="list the arms again, and make the change for what they are now",
            newest=newest,
        )


class NumberMissing(Conflict):
    """A change that does not say for which declaration it is made."""

    code = "number-missing"


class Unavailable(TamesuError):
    """A part is down, full or too slow; what was asked was not done or its outcome is unknown.

    Attributes:
        retry_after_s: seconds after which to try again.
    """

    code = "unavailable"
    retriable = True

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: float = 1.0, **facts: Any
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.retry_after_s = retry_after_s


class Backpressure(Unavailable):
    """Our own queue is full."""

    code = "backpressure"


class Throttled(Unavailable):
    """Called more often than allowed; nothing was done."""

    code = "throttled"

    @classmethod
    def key(cls, name: str, rate: int, wait_s: float) -> Throttled:
        """A key over its rate."""
        return cls(
            f"key {name!r} may call {rate:,} times a second, it called more often",
            hint="call less often, or put several decisions or events into one call",
            retry_after_s=wait_s,
            key=name,
            rate=rate,
        )


class Corrupt(TamesuError):
    """Stored bytes that cannot be read back."""

    code = "corrupt"


class MissingExtra(TamesuError):
    """A driver that is not installed."""

    code = "missing-extra"
    exit_code = 3

    @classmethod
    def of(cls, what: str, extra: str) -> MissingExtra:
        """`what` needs the extra `extra`."""
        return cls(
            f"{what} needs packages that are not installed",
            hint=f"pip install 'tamesu[{extra}]'",
            extra=extra,
        )


class Denied(TamesuError):
    """Not allowed."""

    code = "denied"

    @classmethod
    def scope(cls, name: str, scopes: Iterable[str], needed: str) -> Denied:
        """A key that is for something else."""
        return cls(
            f"this needs a key with scope {str(needed)!r}, key {name!r} has {listing(map(str, scopes))}",
            hint=f"use another, or make one:  tamesu keys add NAME --scope {needed}",
            needed=str(needed),
        )

    @classmethod
    def foreign(cls, host: str) -> Denied:
        """A call that names another machine, where no keys are and this machine alone is meant."""
        return cls(
            f"without keys the header Host must name this machine, got {host[:80]!r}",
            hint="call localhost; behind a proxy use keys:  tamesu keys add NAME --scope decide",
        )


class Unidentified(Denied):
    """Nobody knows who calls: no key, or none that is valid."""

    code = "unidentified"

    @classmethod
    def missing(cls) -> Unidentified:
        """A call without a key."""
        return cls(
            "this needs a key, none was sent",
            hint="send the header  Authorization: Bearer SECRET;  the Python client takes key=, "
            "the command line TAMESU_KEY",
        )

    @classmethod
    def wrong(cls) -> Unidentified:
        """A key that is not one of this installation, or no longer; which is not told."""
        return cls(
            "this needs a valid key, the one that was sent is not",
            hint="see  tamesu keys list:  it may have been revoked, or rotated and its time is over",
        )


class Unsent(TamesuError):
    """Events that a client took and could not deliver; whoever gets this has them now.

    Attributes:
        events: they, with the ids of their first try: sent again, none counts twice.
        refusals: `{index, code, detail, hint}` of each that the server refused for good, by its
            index in `events`; the others were not acknowledged in time.
    """

    code = "unsent"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        events: Sequence[dict[str, Any]] = (),
        refusals: Sequence[dict[str, Any]] = (),
        **facts: Any,
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.events = list(events)
        self.refusals = list(refusals)


class Bug(TamesuError):
    """One of our own invariants does not hold: please report it."""

    code = "bug"
