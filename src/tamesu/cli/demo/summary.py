"""The summary: what came of a demo, as facts with stable names.

Everything the server can say it says itself; the player adds what only the outside can know: what
was sent, what people did, how long answers took. Refuses to print.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from tamesu.cli.demo.certainty import Rise, rise, wilson
from tamesu.cli.demo.declaration import SIZE
from tamesu.cli.demo.record import TENTHS, Played, Record, clicks_of
from tamesu.sim import LoggedWorld


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The facts. Rates are shares in [0, 1]; `first` and `last` are tenths of all decisions.

    Attributes:
        seconds: for how long decisions were asked for.
        decisions, events: made, and sent with repeats; `observations` is what was learnt from.
        latency_ms: of single decisions, at the client: `p50`, `p99`, `count`.
        conservation: where all records are, as the server says; `difference` is 0 if none is amiss.
        sent: what of it was sent, by `<group>_<class>`.
        agrees: whether what was found is what was sent, class by class.
        freshness_s: from a delivery's due time to the first decision that knew of it: `p50`, `p95`.
        learning_delay_s: the same from when its newest event was accepted.
        click_rate: `first`, `last`, `logged` (the random policy of the log), `best` (the best three
            arms, each at its best position), `best_any_order` (the best three on average).
        click_rate_interval: 95 % of `first` and `last`.
        click_rate_true: what `first` and `last` had to expect, by the true rates of what they showed.
        rise: from first to last: `difference`, `low`, `high` (95 %), `probability` that it is real.
        best_arms: by position.
        arms: `arm, observations, mean, low, high, share` as the server says, `shown` (share of the
            last tenth's deliveries) and `true` (its true click rate where it was shown, none if it
            never was).
        restarts: processes started again; `restarts_by_role` which.
    """

    seconds: float
    decisions: int
    decisions_per_s: float
    events: int
    observations: int
    snapshot: int
    latency_ms: dict[str, float]
    conservation: dict[str, Any]
    sent: dict[str, int]
    agrees: bool
    freshness_s: dict[str, float | None]
    learning_delay_s: dict[str, float | None]
    click_rate: dict[str, float]
    click_rate_interval: dict[str, list[float]]
    click_rate_true: dict[str, float]
    clicks: dict[str, list[int]]
    rise: dict[str, float]
    best_arms: list[str]
    arms: list[dict[str, Any]]
    restarts: int
    restarts_by_role: dict[str, int]


def summarise(
    record: Record,
    world: LoggedWorld,
    report: Mapping[str, Any],
    conservation: Mapping[str, Any],
    restarts: Mapping[str, int],
) -> Summary:
    """The facts of a demo.

    Args:
        record: what the player saw and sent; at least one decision.
        world: who clicks what.
        report: the server's report of the bandit.
        conservation: the server's conservation table of it.
        restarts: per role.
    """
    tenths = {"first": record.tenth(0), "last": record.tenth(TENTHS - 1)}
    clicks = {name: clicks_of(played) for name, played in tenths.items()}
    risen = rise(clicks["first"], clicks["last"])
    best = world.best_assignment()
    sent = record.tally.expected()
    return Summary(
        seconds=record.seconds,
        decisions=record.decisions,
        decisions_per_s=record.decisions / record.seconds,
        events=record.events,
        observations=report["observations"],
        snapshot=report["snapshot"],
        latency_ms=_latency_ms(record),
        conservation=dict(conservation),
        sent=sent,
        agrees=_found(conservation) == {name: count for name, count in sent.items() if count},
        freshness_s=dict(report["freshness_s"]),
        learning_delay_s=dict(report["learning_delay_s"]),
        click_rate={
            **{name: observed.rate for name, observed in clicks.items()},
            "logged": world.logged_rate,
            "best": best.rate,
            "best_any_order": world.best_set(SIZE).rate,
        },
        click_rate_interval={name: list(wilson(observed)) for name, observed in clicks.items()},
        click_rate_true={name: float(played.rates.mean()) for name, played in tenths.items()},
        clicks={name: list(observed) for name, observed in clicks.items()},
        rise=_rise(risen),
        best_arms=list(best.arms),
        arms=_arms(report["arms"], tenths["last"], record.everything()),
        restarts=sum(restarts.values()),
        restarts_by_role=dict(restarts),
    )


def _found(conservation: Mapping[str, Any]) -> dict[str, int]:
    """The classes that hold something, by `<group>_<class>`."""
    return {
        f"{group}_{name}": count
        for group in ("decisions", "deliveries", "events")
        for name, count in conservation[group].items()
        if count
    }


def _latency_ms(record: Record) -> dict[str, float]:
    taken = np.array(record.latencies_s or [0.0]) * 1000
    p50, p99 = np.percentile(taken, (50, 99))
    return {"p50": float(p50), "p99": float(p99), "count": len(record.latencies_s)}


def _rise(risen: Rise) -> dict[str, float]:
    return {
        "difference": risen.difference,
        "low": risen.interval.low,
        "high": risen.interval.high,
        "probability": risen.probability,
    }


def _arms(arms: list[dict[str, Any]], last: Played, played: Played) -> list[dict[str, Any]]:
    names, counts = np.unique(last.arms.astype(str), return_counts=True)
    shown = dict(zip(names.tolist(), (counts / last.arms.size).tolist(), strict=True))
    names, rows = np.unique(played.arms.astype(str), return_inverse=True)
    sums = np.bincount(rows.ravel(), weights=played.rates.ravel())
    true = dict(zip(names.tolist(), (sums / np.bincount(rows.ravel())).tolist(), strict=True))
    told = [
        {**arm, "shown": shown.get(arm["arm"], 0.0), "true": true.get(arm["arm"])} for arm in arms
    ]
    return sorted(told, key=lambda arm: (-arm["shown"], -arm["mean"], arm["arm"]))
