"""What a declaration means, setting by setting, in words.

Refuses to judge a declaration: by the time it comes here it is valid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tamesu.base import Anchor, Declaration, Duration, EventTerm, Reward, Time, Unseen
from tamesu.cli.features import feature_meanings
from tamesu.cli.policy import policy_meanings

MOST_ARMS_CHARS = 20


class Meaning(NamedTuple):
    """One setting.

    Attributes:
        setting: its path, as in `reward.window`.
        value: as it is written.
        declared: whether it was written; else it is the default.
        meaning: what follows from it.
    """

    setting: str
    value: str
    declared: bool
    meaning: str


def meanings(declaration: Declaration, written: Mapping[str, Any], size: int) -> list[Meaning]:
    """Every setting of a declaration, in the order people think of them.

    Args:
        declaration: valid, defaults filled in.
        written: what was written, to tell declared from default.
        size: most deliveries of one decision.
    """

    def row(setting: str, value: object, meaning: str) -> Meaning:
        return Meaning(setting, str(value), _has(written, setting.split(".")), meaning)

    return [
        row("name", declaration.name, "how requests and ids call it"),
        *_what(declaration, row),
        *feature_meanings(declaration, row),
        row("layout", declaration.layout.kind, _layout(declaration.layout.kind, size)),
        *_examination(declaration, row),
        row("fallback", *_fallback(declaration)),
        *policy_meanings(declaration, row),
        *_objectives(declaration, row),
        *_surrogate(declaration, row),
        *_reward(declaration.reward, row),
        row("sticky", *_sticky(declaration)),
        row(
            "batch",
            f"{declaration.batch.size} / {declaration.batch.every.text()}",
            "learns after so many observations or so much time, whichever is first",
        ),
        row(
            "seed",
            "drawn" if declaration.seed is None else declaration.seed,
            "drawn at creation; fixes every choice, so that it can be made again",
        ),
    ]


def _has(written: Any, path: list[str]) -> bool:
    """Whether `path` was written; a part given by its name alone has written nothing below it."""
    for key in path:
        if not isinstance(written, Mapping) or key not in written:
            return False
        written = written[key]
    return True


def _what(declaration: Declaration, row: Any) -> Iterator[Meaning]:
    """What may be chosen."""
    count = len(declaration.arm_ids)
    if not declaration.slots:
        yield row("arms", _arms(declaration.arm_ids), f"{count} that may be chosen")
        return
    slots = tuple(f"{slot} ({len(options)})" for slot, options in declaration.slots.items())
    most = math.prod(map(len, declaration.slots.values()))
    least = "at most " if declaration.infeasible else ""
    yield row("slots", _arms(slots), f"one option of each, together: {least}{most:,} combinations")
    yield row(
        "pairwise",
        "true" if declaration.pairwise else "false",
        "how well two options go together is learnt, too"
        if declaration.pairwise
        else "what options are worth adds up, but for slots named in interactions",
    )
    if declaration.infeasible:
        pairs = tuple(" + ".join(pair.values()) for pair in declaration.infeasible)
        yield row("infeasible", _arms(pairs), "never together")


def _arms(arms: tuple[str, ...]) -> str:
    text = ", ".join(arms)
    return text if len(text) <= MOST_ARMS_CHARS else f"{text[: MOST_ARMS_CHARS - 1]}…"


def _fallback(declaration: Declaration) -> tuple[str, str]:
    when = "where the policy cannot answer; marked, and never learnt from"
    if declaration.fallback is None:
        return "random", f"eligible arms by chance {when}"
    return _arms(declaration.fallback), f"these, as far as they are eligible, {when}"


def _sticky(declaration: Declaration) -> tuple[str, str]:
    if declaration.sticky is None:
        return "off", "every request is a decision of its own"
    lasts = declaration.sticky.ttl.text()
    return lasts, f"a unit gets its decision again for {lasts}; every request must name its unit"


def _layout(kind: str, size: int) -> str:
    if kind == "single":
        return "an answer holds one arm"
    if kind == "slate":
        return f"an answer holds {size} different arms in order; positions count equally"
    if kind == "cascade":
        return f"{size} different arms in order; what lies below the first click teaches nothing"
    if kind == "combination":
        return "an answer holds one combination, found by search; it is one delivery"
    if kind == "per_position":
        return f"{size} different arms in order; each position has a belief of its own"
    return f"an answer holds at most {size} arms"


def _examination(declaration: Declaration, row: Any) -> Iterator[Meaning]:
    examination = declaration.layout.options.get("examination")
    if examination is not None:
        listed = ", ".join(f"{weight:g}" for weight in examination)
        how = "by position, how often who did not click looked; the rest teaches nothing"
        yield row("layout.examination", listed, how)


def _objectives(declaration: Declaration, row: Any) -> Iterator[Meaning]:
    aims = declaration.aims
    if aims is None:
        return
    names = aims.names
    yield row("reward.objectives", _arms(names), "each in [0, 1] by its range; the terms follow")
    if aims.are_apart:
        weights = ", ".join(f"{weight:.3g}" for weight in aims.weights)
        how = f"learnt by themselves; by rank, the worst objective first, they weigh {weights}"
    else:
        shares = zip(names, aims.shares, strict=True)
        told = ", ".join(f"{name} {share:.3g}" for name, share in shares)
        how = f"added up by their shares: {told}"
    yield row("reward.scalarise", aims.kind, how)


def _surrogate(declaration: Declaration, row: Any) -> Iterator[Meaning]:
    found = declaration.surrogate
    if found is None:
        return
    said = f"{found.later} within {found.within.text()}"
    how = (
        f"what the reward stands for, {found.constant:g} less; fitted to {found.rows:,} deliveries up to "
        f"{found.until.text()[:10]}, R² {found.r2:.2g} ± {found.r2_error:.1g}"
    )
    yield row("reward.surrogate", said, how)
    if found.differing:
        yield row(
            "reward.surrogate.differing",
            _arms(found.differing),
            "of these something else came than their early events said: do not trust it there",
        )


def _reward(reward: Reward, row: Any) -> Iterator[Meaning]:
    shown = reward.anchor is Anchor.IMPRESSION
    start = "the first impression" if shown else "the decision"
    yield row("reward.events", _events(reward.events), "what a delivery is worth: the terms add up")
    yield row("reward.default", f"{reward.default:g}", "the reward when no event counted")
    yield row(
        "reward.anchor",
        reward.anchor,
        "the window starts when it was shown; what nobody saw teaches nothing"
        if shown
        else "the window starts when it was decided; impressions are not needed",
    )
    yield from _windows(reward, start, row)
    yield from _ages(reward, row)


def _windows(reward: Reward, start: str, row: Any) -> Iterator[Meaning]:
    window = reward.window.text()
    if reward.gap is None:
        yield row("reward.window", window, f"events count so long from {start}")
    else:
        yield row(
            "reward.window",
            f"{reward.gap.text()} / {window}",
            f"a session: from {start} until nothing counted for {reward.gap.text()}, "
            f"{window} at most",
        )
    for name, term in reward.events.items():
        if term.within is not None:
            yield row(
                f"reward.events.{name}.within",
                term.within.text(),
                f"{name} counts so long from {start}, whatever the window",
            )
    if reward.impression_within is not None:
        yield row(
            "reward.impression_within",
            reward.impression_within.text(),
            "an impression must come so soon after the decision, else it is unshown",
        )
        yield row("reward.unseen", reward.unseen, _UNSEEN[reward.unseen])


def _ages(reward: Reward, row: Any) -> Iterator[Meaning]:
    """When a delivery is learnt from, when it is final, and how long it can be corrected after."""
    final = Duration(reward.last_moment(Time(0))).spoken()
    late = reward.late.text()
    yield row(
        "reward.settle",
        Duration(reward.settle_us).text(),
        "every delivery is learnt from at this age; events that come later correct it"
        if reward.settles_early
        else "every delivery is learnt from once its window and the lateness are over",
    )
    yield row(
        "reward.lateness",
        reward.lateness.text(),
        f"how late records may arrive and still be in time; all is final {final} after the decision",
    )
    yield row(
        "reward.late",
        late,
        f"what arrives later corrects until {late} after the decision; older times are not believed",
    )


_UNSEEN = {
    Unseen.DROP: "an event without an impression teaches nothing, and is counted",
    Unseen.IMPLY: "an event without an impression says that it was shown, too",
}


def _events(events: Mapping[str, EventTerm]) -> str:
    def one(name: str, term: EventTerm) -> str:
        cap = "" if term.cap is None else f" ≤ {term.cap:g}"
        return f"{term.weight:g} x {term.aggregate.value} {name}{cap}"

    return " + ".join(one(name, term) for name, term in events.items())
