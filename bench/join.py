"""Records joined per second on one core, and what one small push costs beside a large open state.

The fold takes the log in pieces, as an engine does, with everything that it promises: repeats, bounds,
conservation, a checkpoint at each advance. Beside it stands a closed-batch join of the same records,
already decoded and all there at once: what a batch job would do, which knows nothing of lateness or of
going on later.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # one core for everybody; before Polars starts

import numpy as np
import polars as pl
from msgspec import structs

from figures import Figure, held, show
from tamesu.base import (
    TICK,
    Anchor,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Observations,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.join import Fold
from tamesu.join.arrivals import DecisionArrivals, EventArrivals, read_decisions, read_events
from tamesu.join.clauses import Clauses
from tamesu.join.emission import observations_of
from tamesu.join.funnels import Funnels
from tamesu.join.state import State
from tamesu.join.tally import Tally

WINDOW_US = 15 * 60_000_000
START_MS = 1_795_000_000_000
DECISIONS = 100_000
PIECE = 20_000
OPEN = 300_000
REACH = "≥ 500,000"
REWARD = Reward(
    anchor=Anchor.IMPRESSION,
    window=Duration(WINDOW_US),
    impression_within=Duration(WINDOW_US),
    events={"click": EventTerm(weight=1.0), "enroll": EventTerm(weight=5.0)},
)


def main() -> None:
    """Prints the figures."""
    show(measure)


def measure() -> Iterator[Figure]:
    """Each figure, one after the other."""
    for size in (1, 3):
        log = a_log(DECISIONS // size, size)
        yield from _rates(log, size)
    yield from _clauses_in_turns(a_log(DECISIONS, 1))
    yield from _small_pushes()


def a_log(decisions: int, size: int) -> list[Entry]:
    """A log of 1,000 decisions a second: each delivery shown, one in ten clicked, one in fifty enrolled."""
    rng = random.Random(7)
    rows: list[tuple[int, str, str, bytes]] = []
    for number in range(decisions):
        at = START_MS + number
        key = decision_id("bench", 1, uuid7(at, rng.randbytes(10)))
        deliveries = tuple(
            Delivery(place, f"arm-{rng.randrange(34)}", 0.25, 0.1) for place in range(size)
        )
        rows.append(
            (
                at,
                key,
                "decision",
                encode(Decision(decision_id=key, snapshot=3, deliveries=deliveries, unit="u")),
            )
        )
        for place in range(size):
            for kind, share, after in (
                ("impression", 1.0, 300),
                ("click", 0.1, 4000),
                ("enroll", 0.02, 60_000),
            ):
                if rng.random() < share:
                    then = at + int(rng.expovariate(1 / after)) + 1
                    event = Event(
                        event_id=rng.randbytes(8).hex(),
                        delivery_id=f"{key}-{place}",
                        type=kind,
                        time=Time(then * 1000),
                    )
                    rows.append((then + 20, key, "event", encode(event)))
    rows.sort(key=lambda row: row[0])
    rows.append((rows[-1][0] + 3_600_000, *TICK))
    return [Entry(0, offset, *row) for offset, row in enumerate(rows)]


def reward_of(_bandit: str, _declaration: int) -> Reward:
    """The clauses of the one bandit."""
    return REWARD


def observed_first(batches: Sequence[Observations]) -> int:
    """How many deliveries were given; corrections come on top."""
    return sum(int(np.count_nonzero(batch.correction == 0)) for batch in batches)


def _pieces(log: list[Entry]) -> list[list[Entry]]:
    return [log[start : start + PIECE] for start in range(0, len(log), PIECE)]


@dataclass(frozen=True)
class Columns:
    """Decoded records of one piece of the log, and its newest `received` in microseconds."""

    decisions: DecisionArrivals
    events: EventArrivals
    newest: int


def _decoded(log: list[Entry], clauses: Clauses) -> list[Columns]:
    def aside(entry: Entry, reason: str) -> None:
        raise AssertionError(reason, entry)

    nobody = Funnels(partitions=1)
    return [
        Columns(
            read_decisions([entry for entry in piece if entry.kind == "decision"], clauses, aside),
            read_events(
                [entry for entry in piece if entry.kind == "event"], clauses, nobody, aside
            ),
            piece[-1].received * 1000,
        )
        for piece in _pieces(log)
    ]


def _join(clauses: Clauses, columns: Sequence[Columns]) -> int:
    """Joins decoded records; how many deliveries were given."""
    state = State(clauses, Tally(), partitions=1)
    given = 0
    for piece in columns:
        state.accept(piece.decisions)
        state.hear(replace(piece.events, funnel=state.funnels.find(piece.events.key)))
        given += observed_first(observations_of(state, clauses, state.settle(piece.newest)))
        state.close(piece.newest)
    return given


def _always(reward: Reward, _bandit: str, _declaration: int) -> Reward:
    """A look-up that knows one bandit."""
    return reward


def _clauses_in_turns(log: list[Entry]) -> Iterator[Figure]:
    """The same records under clauses that settle early or when all is over, and as sessions."""
    window = Duration(WINDOW_US)
    kinds = {
        "settled after a minute and corrected": REWARD,
        "settled when the window is over": structs.replace(REWARD, settle=window),
        "sessions, settled after a minute": structs.replace(REWARD, gap=Duration(WINDOW_US // 3)),
    }
    sides: dict[str, Callable[[], int]] = {}
    for name, reward in kinds.items():
        clauses = Clauses(partial(_always, reward))
        sides[name] = partial(_join, clauses, _decoded(log, clauses))
    seconds = _cpu_seconds(sides)
    first = seconds[next(iter(kinds))]
    for name, taken in seconds.items():
        yield Figure(
            name=f"joining {len(log):,} records, {name}",
            value=len(log) / taken,
            unit="records/s",
            against=f"{first / taken:.2f} times the first of these",
        )


def _rates(log: list[Entry], size: int) -> Iterator[Figure]:
    clauses = Clauses(reward_of)
    columns = _decoded(log, clauses)

    def from_bytes() -> int:
        fold = Fold(reward_of)
        given = 0
        for piece in _pieces(log):
            fold.push(piece)
            given += observed_first(fold.advance().observations)
        return given

    tables = frames(columns)
    sides: dict[str, Callable[[], int]] = {
        "bytes": from_bytes,
        "columns": partial(_join, clauses, columns),
        "polars": lambda: closed_batch(*tables),
    }
    expected = sum(int(piece.decisions.size.sum()) for piece in columns)
    for name, side in sides.items():
        if side() != expected:
            raise AssertionError(name, side(), expected)
    rate = {name: len(log) / seconds for name, seconds in _cpu_seconds(sides).items()}
    what = f"{len(log):,} records, " + ("single arms" if size == 1 else f"slates of {size}")
    beside = f"Polars, closed batch of decoded columns: {rate['polars']:,.0f} records/s"
    reach = REACH if size == 1 else ""
    yield Figure(
        name=f"joining {what}, from decoded columns",
        value=rate["columns"],
        unit="records/s",
        against=beside,
        reach=reach,
        held=not reach or held(rate["columns"], reach),
    )
    yield Figure(
        name=f"joining {what}, from the bytes of the log",
        value=rate["bytes"],
        unit="records/s",
        against=beside,
    )


def frames(pieces: Sequence[Columns]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deliveries and events of all pieces, as tables."""
    made = [
        (key, at, delivery.position, delivery.arm)
        for piece in pieces
        for key, at, decision in zip(
            piece.decisions.key,
            piece.decisions.decided.tolist(),
            piece.decisions.decision,
            strict=True,
        )
        for delivery in decision.deliveries
    ]
    heard = [piece.events for piece in pieces]
    deliveries = pl.DataFrame(made, schema=["key", "decided", "position", "arm"], orient="row")
    events = pl.DataFrame(
        {
            "key": [key for piece in heard for key in piece.key],
            "event_id": [one for piece in heard for one in piece.event_id],
            "position": np.concatenate([piece.position for piece in heard]),
            "type": np.concatenate([piece.type_id for piece in heard]),
            "time": np.concatenate([piece.time for piece in heard]),
            "offset": np.concatenate([piece.offset for piece in heard]),
        }
    )
    return deliveries, events


def closed_batch(deliveries: pl.DataFrame, events: pl.DataFrame) -> int:
    """The join where all is there: first impression, events in its window, reward by delivery."""
    place, time = ["key", "position"], pl.col("time")
    once = events.lazy().unique(["key", "event_id"], keep="any")
    shown = (
        once.filter(pl.col("type") == 1)
        .join(deliveries.lazy(), on=place)
        .filter(time.is_between(pl.col("decided"), pl.col("decided") + WINDOW_US, closed="left"))
        .group_by(place)
        .agg(time.sort_by("offset").first().alias("anchor"))
    )
    reward = (pl.col("type") == 2).any() + 5 * (pl.col("type") == 3).any()
    counted = (
        once.filter(pl.col("type") > 1)
        .join(shown, on=place)
        .filter(time.is_between(pl.col("anchor"), pl.col("anchor") + WINDOW_US, closed="left"))
        .group_by(place)
        .agg(reward.alias("reward"))
    )
    joined = deliveries.lazy().join(shown, on=place, how="left").join(counted, on=place, how="left")
    return joined.with_columns(pl.col("reward").fill_null(0)).collect().height


def _cpu_seconds(sides: dict[str, Callable[[], int]], turns: int = 5) -> dict[str, float]:
    """Median CPU time of each side in interleaved turns: what one core does, whoever else is there."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, side in sides.items():
            begun = time.process_time()
            side()
            taken[name].append(time.process_time() - begun)
    return {name: statistics.median(times) for name, times in taken.items()}


def _small_pushes() -> Iterator[Figure]:
    """One push and one advance while many decisions are open."""
    log = a_log(OPEN + 30_000, 1)[:-1]
    fold = Fold(reward_of)
    cut = next(i for i, entry in enumerate(log) if entry.received >= START_MS + OPEN)
    fold.push(log[:cut])
    fold.advance()
    for piece in (10, 100, 1000):
        taken = []
        for start in range(cut, cut + 20 * piece, piece):
            begun = time.perf_counter()
            fold.push(log[start : start + piece])
            fold.advance()
            taken.append(1000 * (time.perf_counter() - begun))
        cut += 20 * piece
        value = statistics.median(taken)
        reach = "≤ 2" if piece < 1000 else ""
        yield Figure(
            name=f"one push of {piece:,} records and one advance, {fold.open_decisions:,} decisions open",
            value=value,
            unit="ms",
            reach=reach,
            held=not reach or held(value, reach),
        )


if __name__ == "__main__":
    main()
