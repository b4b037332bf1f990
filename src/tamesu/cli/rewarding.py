"""What a delivery is worth, and until when its events count, in words.

Refuses to judge it: by the time it comes here it is valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from tamesu.base import Anchor, Declaration, Duration, EventTerm, Reward, Time, Unseen

if TYPE_CHECKING:
    from tamesu.cli.meaning import Meaning, Row

MOST_CHARS = 20
"""Of a list of names, before it is cut off."""


def reward_meanings(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    """The reward's settings; `row` makes one of them."""
    yield from _objectives(declaration, row)
    yield from _surrogate(declaration, row)
    yield from _clauses(declaration, row)


def few(names: Iterable[str]) -> str:
    """`names`, or the first of them."""
    text = ", ".join(names)
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"


def _objectives(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    aims = declaration.aims
    if aims is None:
        return
    names = aims.names
    yield row("reward.objectives", few(names), "each in [0, 1] by its range; the terms follow")
    if aims.are_apart:
        weights = ", ".join(f"{weight:.3g}" for weight in aims.weights)
        how = f"learnt by themselves; by rank, the worst objective first, they weigh {weights}"
    else:
        shares = zip(names, aims.shares, strict=True)
        told = ", ".join(f"{name} {share:.3g}" for name, share in shares)
        how = f"added up by their shares: {told}"
    yield row("reward.scalarise", aims.kind, how)


def _surrogate(declaration: Declaration, row: Row) -> Iterator[Meaning]:
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
            few(found.differing),
            "of these something else came than their early events said: do not trust it there",
        )


def _clauses(declaration: Declaration, row: Row) -> Iterator[Meaning]:
    reward, aims = declaration.reward, declaration.aims
    apart = aims is not None and aims.are_apart
    shown = reward.anchor is Anchor.IMPRESSION
    start = "the first impression" if shown else "the decision"
    yield row(
        "reward.events",
        _events(reward.events),
        "the mean of the objectives, each in its range: shown as the reward, and not what is learnt"
        if apart
        else "what a delivery is worth: the terms add up",
    )
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


def _windows(reward: Reward, start: str, row: Row) -> Iterator[Meaning]:
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


def _ages(reward: Reward, row: Row) -> Iterator[Meaning]:
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
