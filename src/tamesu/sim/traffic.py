"""Traffic: what people, browsers and networks send back for each delivery, and when.

Real front ends lose impressions, repeat requests they got no answer to, and report a click when the
phone is online again. `plan` makes such a script for a batch of decisions, and `Tally` says what of
it a correct join must find. Refuses to send anything, and to own clocks or randomness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Reward, Time
from tamesu.base.times import MILLISECOND_US

UNIFORMS = 8
"""How many uniforms one delivery takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often and how fast things happen; shares lie in [0, 1], spans in microseconds.

    Attributes:
        impression_lost: share of impressions that are never sent.
        impression_late: share of impressions sent only when their delivery is final.
        click_lost: share of clicks that are never sent.
        click_late: share of clicks sent only when their delivery is final.
        repeated: share of the events sent in time that are sent twice, with the same id.
        seen_us: least and most time from decision to impression.
        clicked_us: least and most time from impression to click.
        late_us: least and most time from the last moment of a decision to its late events.
    """

    impression_lost: float = 0.02
    impression_late: float = 0.002
    click_lost: float = 0.01
    click_late: float = 0.01
    repeated: float = 0.01
    seen_us: tuple[int, int] = (20 * MILLISECOND_US, 300 * MILLISECOND_US)
    clicked_us: tuple[int, int] = (200 * MILLISECOND_US, 1_500 * MILLISECOND_US)
    late_us: tuple[int, int] = (100 * MILLISECOND_US, 600 * MILLISECOND_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a script holds, counted; tallies add up.

    Attributes:
        decisions, deliveries: how many were made.
        impressions, clicks: events sent in time, each counted once.
        impressions_lost, clicks_lost: never sent.
        impressions_late, clicks_late: sent when it was too late.
        unseen: clicks sent in time whose impression was lost or late; part of `clicks`.
        repeats: events sent a second time.
    """

    decisions: int = 0
    deliveries: int = 0
    impressions: int = 0
    impressions_lost: int = 0
    impressions_late: int = 0
    clicks: int = 0
    clicks_lost: int = 0
    clicks_late: int = 0
    unseen: int = 0
    repeats: int = 0

    def __add__(self, other: Tally) -> Tally:
        """The tally of both scripts together."""
        return Tally(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )

    @property
    def events(self) -> int:
        """Every event sent, repeats included."""
        return (
            self.impressions + self.impressions_late + self.clicks + self.clicks_late + self.repeats
        )

    def expected(self) -> dict[str, int]:
        """What the counts of the join must show of it, by their names, once all is final.

        With `anchor: impression` and no decision repeated or refused.
        """
        return {
            "decisions_accepted": self.decisions,
            "deliveries_observed": self.impressions,
            "deliveries_unshown": self.impressions_lost + self.impressions_late,
            "events_impression": self.impressions,
            "events_joined": self.clicks - self.unseen,
            "events_unseen": self.unseen,
            "events_duplicate": self.repeats,
            "events_late": self.impressions_late + self.clicks_late,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """The events of a batch of decisions, m rows as columns, in the order of sending.

    Attributes:
        decision: (m,) row of the decision in the batch.
        position: (m,) of the delivery in its decision.
        click: (m,) whether it is a click; else it is an impression.
        repeat: (m,) whether the same event was sent before.
        happened_us: (m,) microseconds after the decision at which it happened.
        sent_us: (m,) microseconds after the decision at which to send it.
        tally: what these rows hold.
    """

    decision: NDArray[np.int64]
    position: NDArray[np.int64]
    click: NDArray[np.bool_]
    repeat: NDArray[np.bool_]
    happened_us: NDArray[np.int64]
    sent_us: NDArray[np.int64]
    tally: Tally

    def __len__(self) -> int:
        return len(self.sent_us)


def plan(
    clicked: NDArray[np.bool_],
    uniforms: NDArray[np.float64],
    reward: Reward,
    habits: Habits | None = None,
) -> Traffic:
    """The script of a batch of n decisions with k deliveries each.

    Args:
        clicked: (n, k) whether the person clicks the delivery, should they get to see it.
        uniforms: (n, k, `UNIFORMS`) numbers in [0, 1); the same numbers give the same script.
        reward: the clauses of the bandit, for what is too late.
        habits: how often and how fast things happen.
    """
    habits = habits or Habits()
    u = np.moveaxis(uniforms, -1, 0)
    lost = u[0] < habits.impression_lost
    late = ~lost & (u[0] < habits.impression_lost + habits.impression_late)
    click_lost = clicked & (u[3] < habits.click_lost)
    click_late = clicked & ~click_lost & (u[3] < habits.click_lost + habits.click_late)
    click_sent = clicked & ~click_lost
    seen_us = _within(habits.seen_us, u[1])
    clicked_us = seen_us + _within(habits.clicked_us, u[4])
    too_late_us = reward.last_moment(Time(0)) + _within(habits.late_us, u[7])
    again_us = _within(habits.seen_us, u[6])

    seen = _Stream(~lost, seen_us, np.where(late, too_late_us, seen_us), click=False)
    click = _Stream(
        click_sent, clicked_us, np.where(click_late, too_late_us, clicked_us), click=True
    )
    # Never what is late: by then the join no longer knows which ids it has seen.
    seen_again = seen.again(~late & (u[2] < habits.repeated), again_us)
    click_again = click.again(~click_late & (u[5] < habits.repeated), again_us)
    tally = Tally(
        decisions=len(clicked),
        deliveries=clicked.size,
        impressions=int((~lost & ~late).sum()),
        impressions_lost=int(lost.sum()),
        impressions_late=int(late.sum()),
        clicks=int((click_sent & ~click_late).sum()),
        clicks_lost=int(click_lost.sum()),
        clicks_late=int(click_late.sum()),
        unseen=int((click_sent & ~click_late & (lost | late)).sum()),
        repeats=int(seen_again.sent.sum() + click_again.sent.sum()),
    )
    return _script((seen, click, seen_again, click_again), tally)


class _Stream(NamedTuple):
    """One event for some deliveries: who sends it, when it happened, when it goes out; all (n, k)."""

    sent: NDArray[np.bool_]
    happened_us: NDArray[np.int64]
    sent_us: NDArray[np.int64]
    click: bool
    repeat: bool = False

    def again(self, which: NDArray[np.bool_], after_us: NDArray[np.int64]) -> _Stream:
        """The same events once more."""
        return self._replace(sent=self.sent & which, sent_us=self.sent_us + after_us, repeat=True)


def _within(span: tuple[int, int], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    least, most = span
    return least + (uniforms * (most - least)).astype(np.int64)


def _script(streams: tuple[_Stream, ...], tally: Tally) -> Traffic:
    places = [np.nonzero(stream.sent) for stream in streams]
    sizes = [len(rows) for rows, _ in places]
    sent_us = _joined([stream.sent_us for stream in streams], places)
    order = np.argsort(sent_us, kind="stable")
    return Traffic(
        decision=np.concatenate([rows for rows, _ in places])[order],
        position=np.concatenate([columns for _, columns in places])[order],
        click=np.repeat([stream.click for stream in streams], sizes)[order],
        repeat=np.repeat([stream.repeat for stream in streams], sizes)[order],
        happened_us=_joined([stream.happened_us for stream in streams], places)[order],
        sent_us=sent_us[order],
        tally=tally,
    )


def _joined(
    columns: Sequence[NDArray[np.int64]], places: Sequence[tuple[NDArray[np.int64], ...]]
) -> NDArray[np.int64]:
    return np.concatenate([column[at] for column, at in zip(columns, places, strict=True)])
