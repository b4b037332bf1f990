"""What came of a decision, as people read it: events, observations, what is open, what was not seen.

Refuses to judge: all of it is in what the server told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tamesu.base import Time
from tamesu.base.times import MILLISECOND_US, MINUTE_US
from tamesu.cli.output import table


def aftermath(told: Mapping[str, Any]) -> Iterator[Any]:
    """Lines and tables."""
    if told["events"]:
        yield _events(told)
    observations = _observations(told["deliveries"], Time.parse(told["decided"]))
    if observations:
        columns = [">position", ">no.", "outcome", ">reward", ">before", "made", "learnt by"]
        yield table("What was observed", columns, observations)
    yield from _open(told)
    again = told["recorded_again"]
    if again:
        yield f"the decision stands {again} more times in the log: repeats count for nothing"
    for record in told["set_aside"]:
        yield f"set aside: {record['kind']} at offset {record['offset']:,}: {record['why']}"
    for gap in told["not_looked_at"]:
        span = f"received from {_moment(gap['since'])} until {_moment(gap['until'])}"
        yield f"NOT LOOKED AT: what was {span}: {gap['why']}"


def _events(told: Mapping[str, Any]) -> Any:
    decided = Time.parse(told["decided"])
    rows: list[Sequence[object]] = [
        (
            _age(event["received"], decided),
            "" if event["time"] is None else _age(event["time"], decided),
            "" if event["position"] is None else event["position"],
            event["type"] or "unreadable",
            "" if event["value"] is None else f"{event['value']:g}",
            event["class"].replace("_", " "),
            event["why"],
        )
        for event in told["events"]
    ]
    if told["events_omitted"]:
        rows.append((f"{told['events_omitted']:,} more", "", "", "", "", "", ""))
    columns = [">received", ">happened", ">position", "event", ">value", "class", "why"]
    # What says nothing makes room for why.
    said = [any(row[number] != "" for row in rows) for number in range(len(columns))]
    said[2] &= len(told["deliveries"]) > 1
    return table(
        "What came, and how long after the decision",
        [column for column, one in zip(columns, said, strict=True) if one],
        [[cell for cell, one in zip(row, said, strict=True) if one] for row in rows],
    )


def _observations(deliveries: Sequence[Mapping[str, Any]], decided: Time) -> list[Sequence[object]]:
    return [
        (
            delivery["position"],
            one["correction"],
            one["outcome"],
            _worth(one),
            "" if one["previous_reward"] is None else f"{one['previous_reward']:g}",
            _made(one, decided),
            "" if one["learnt_by"] is None else f"snapshot {one['learnt_by']}",
        )
        for delivery in deliveries
        for one in delivery["observations"]
    ]


def _worth(one: Mapping[str, Any]) -> str:
    """A reward; of several objectives each in its own units."""
    if not one.get("objectives"):
        return "" if one["reward"] is None else f"{one['reward']:g}"
    return "\n".join(f"{name} {value:.6g}" for name, value in one["objectives"].items())


def _made(one: Mapping[str, Any], decided: Time) -> str:
    age = _age(one["closed"], decided)
    if not one["late"]:
        return age
    states = {
        "made": f"{age}, late",
        "found": "late: found, the trainer takes it next",
        "expected": "late: to be found within minutes",
    }
    return states[one["state"]]


def _open(told: Mapping[str, Any]) -> Iterator[str]:
    """Until when something may still change; positions of which the same is to be said together."""
    if told["learnt_until"] is None:
        yield "nothing was learnt from the log yet"
        return
    said: dict[str, list[int]] = {}
    for delivery in told["deliveries"]:
        stage = _stage(delivery, told["corrected_until"])
        said.setdefault(stage, []).append(delivery["position"])
    for stage, positions in said.items():
        which = ", ".join(map(str, positions))
        yield f"position{'s' if len(positions) > 1 else ''} {which}: {stage}"


def _stage(delivery: Mapping[str, Any], corrected_until: str) -> str:
    stage = delivery["stage"]
    if delivery["observed_at"] is None:
        return "the trainer has not read the decision yet"
    if stage == "awaited":
        return f"waits for its impression until {_moment(delivery['observed_at'])}"
    if stage == "settling":
        return f"is observed at {_moment(delivery['observed_at'])}"
    if stage == "correcting":
        return f"events in time correct it until {_moment(delivery['final_at'])}"
    return f"final; what comes too late corrects it until {_moment(corrected_until)}"


def _age(text: str, decided: Time) -> str:
    """How long after the decision a moment lies: `+31.402 s`, `+15:09.998`, `+2 d 03:00:00.000`."""
    us = Time.parse(text) - decided
    sign, ms = "-" if us < 0 else "+", abs(us) // MILLISECOND_US
    if ms < MINUTE_US // MILLISECOND_US:
        return f"{sign}{ms / 1000:.3f} s"
    seconds, part = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{minute:02d}:{second:02d}.{part:03d}"
    return sign + (f"{days} d " if days else "") + (f"{hour:02d}:" if hours else "") + clock


def _moment(text: str) -> str:
    return f"{text[:23].replace('T', ' ')} UTC"
