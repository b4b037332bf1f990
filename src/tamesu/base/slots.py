"""Slots: what a combination is put together of, and what it and its options are called.

An option of a slot is an arm, `title=a`; a combination has one option of each slot and is called by
them, in the order of the slots: `title=a,image=x`. Refuses slots that cannot be; whether they leave a
combination at all is a policy's business, which counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, TypeAlias

from tamesu.base.arm import MAX_ID_CHARS, Arm
from tamesu.base.errors import InvalidDeclaration, close_match, listing
from tamesu.base.feature import Categorical, Feature
from tamesu.base.shapes import is_mapping, is_sequence

Slots: TypeAlias = Mapping[str, tuple[str, ...]]
"""Options by slot, in the order declared."""

Options: TypeAlias = Mapping[str, str]
"""The option of each slot, of a combination; of two slots alone, of what cannot be combined."""

MAX_SLOTS = 32
MAX_OPTIONS = 1_000
"""Of all slots: the options of two of them make a column for each of their pairs."""

LAYOUT = "combination"
"""The layout that slots are for."""

_MEANT = ",="
"""Characters with a meaning in what options and combinations are called."""


def option_id(slot: str, option: str) -> str:
    """What the arm is called that is an option of a slot.

    Example:
        >>> option_id("title", "a")
        'title=a'
    """
    return f"{slot}={option}"


def combination_id(options: Options) -> str:
    """What a combination is called.

    Example:
        >>> combination_id({"title": "a", "image": "x"})
        'title=a,image=x'
    """
    return ",".join([option_id(slot, option) for slot, option in options.items()])


def options_of(combination: str) -> dict[str, str]:
    """The option of each slot, out of what their combination is called.

    Example:
        >>> options_of("title=a,image=x")
        {'title': 'a', 'image': 'x'}
    """
    pairs = (part.partition("=") for part in combination.split(","))
    return {slot: option for slot, _, option in pairs}


def delivered_options(arm: str, features: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The option of each slot, where a recorded delivery is a combination; none where it is one arm.

    Example:
        >>> delivered_options("title=a,image=x", {"title": "a", "image": "x"})
        {'title': 'a', 'image': 'x'}
        >>> delivered_options("a", {"title": "a"}) is None
        True
    """
    return dict(features) if features and combination_id(features) == arm else None


def delivered_arms(arm: str, features: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The arms that a recorded delivery delivered: itself, or the options of a combination."""
    options = delivered_options(arm, features)
    return (arm,) if options is None else tuple([option_id(*item) for item in options.items()])


def arms_of(slots: Slots) -> tuple[Arm, ...]:
    """Every option as an arm, slot after slot."""
    return tuple(
        [Arm(id=option_id(slot, one)) for slot, options in slots.items() for one in options]
    )


def features_of(slots: Slots) -> dict[str, Feature]:
    """What a combination tells of itself: its option, slot by slot."""
    return {slot: Categorical(values=options) for slot, options in slots.items()}


def pairs_of(slots: Slots) -> tuple[tuple[str, str], ...]:
    """Every pair of slots, in the order declared."""
    return tuple(combinations(slots, 2))


def long_slots(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a declaration with slots says of them, every short form made long.

    Options that are whole numbers are taken as their text, as arms are.

    Raises:
        InvalidDeclaration: no mapping, or what does not go with slots.
    """
    for other in ("arms", "arm_features"):
        if data.get(other):
            raise InvalidDeclaration(
                f"slots stand instead of {other}: their options are what is chosen, got both",
                hint=f"leave {other} out",
            )
    slots = data["slots"]
    if not is_mapping(slots):
        raise InvalidDeclaration(
            f"slots must be a mapping of names to lists of options, got {type(slots).__name__}",
            hint="for example  slots: {title: [a, b], image: [x, y, z]}",
        )
    long: dict[str, Any] = {
        "slots": {slot: _texts(options) for slot, options in slots.items()},
        "arms": [],
    }
    if is_sequence(data.get("infeasible")):
        long["infeasible"] = [_texts(pair) for pair in data["infeasible"]]
    return {**long, "layout": data.get("layout", LAYOUT)}


def _texts(options: Any) -> Any:
    """Options, in a list or by slot, with whole numbers as texts."""
    if is_mapping(options):
        return {slot: _text(one) for slot, one in options.items()}
    return [_text(one) for one in options] if is_sequence(options) else options


def _text(option: Any) -> Any:
    return str(option) if type(option) is int else option


def combined(slots: Slots, infeasible: tuple[dict[str, str], ...]) -> dict[str, Any]:
    """The arms of a declaration with `slots`, and what they tell of themselves.

    Raises:
        InvalidDeclaration: slots that cannot be.
    """
    check_slots(slots, infeasible)
    return {"arms": arms_of(slots), "arm_features": features_of(slots)}


def check_slots(slots: Slots, infeasible: tuple[dict[str, str], ...]) -> None:
    """Refuses slots, options and infeasible pairs that cannot be.

    Raises:
        InvalidDeclaration: as said.
    """
    if not 2 <= len(slots) <= MAX_SLOTS:  # noqa: PLR2004 - one slot is a single arm
        raise InvalidDeclaration(
            f"slots must be 2 to {MAX_SLOTS}, got {len(slots)}",
            hint="of one alone, its options are the arms of a bandit with  layout: single",
        )
    count = sum(map(len, slots.values()))
    if count > MAX_OPTIONS:
        raise InvalidDeclaration(f"slots may have {MAX_OPTIONS:,} options in all, got {count:,}")
    for slot, options in slots.items():
        _check_name(slot, "the name of a slot")
        for option in options:
            _check_name(option, f"an option of slots.{slot}")
        if not options or len(set(options)) < len(options):
            raise InvalidDeclaration(
                f"slots.{slot} must hold at least one option, each once, got {list(options)!r}"
            )
    longest = combination_id({slot: max(one, key=len) for slot, one in slots.items()})
    if len(longest) > MAX_ID_CHARS:
        raise InvalidDeclaration(
            f"a combination is called by its options, in at most {MAX_ID_CHARS} characters; the longest "
            f"here takes {len(longest)}",
            hint="shorter names of slots or options",
        )
    _check_infeasible(slots, infeasible)


def _check_name(name: str, what: str) -> None:
    if not name or not name.isprintable() or any(one in name for one in _MEANT):
        raise InvalidDeclaration(
            f"{what} must have printable characters, none of them ',' or '=', got {name[:80]!r}"
        )


def _check_infeasible(slots: Slots, infeasible: tuple[dict[str, str], ...]) -> None:
    for pair in infeasible:
        for slot, option in pair.items():
            if slot not in slots:
                raise InvalidDeclaration.unknown_choice(slot, list(slots), "infeasible")
            if option not in slots[slot]:
                match = close_match(option, slots[slot])
                raise InvalidDeclaration(
                    f"infeasible must name options of slots.{slot}, got {option!r} "
                    f"(known: {listing(slots[slot])})",
                    hint=f"did you mean {match!r}?" if match else "",
                )
        if len(pair) != 2:  # noqa: PLR2004 - a pair
            raise InvalidDeclaration(
                f"infeasible must hold pairs of options of two slots, got {pair!r}",
                hint="for example  infeasible: [{title: a, image: x}]",
            )
