"""The parts of a report in words and tables, for a terminal of 80 columns.

Refuses to compute what the server did not say, and to round a doubt away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tamesu.cli.output import table

if TYPE_CHECKING:
    from rich.table import Table

Told = Mapping[str, Any]


def standing(told: Told) -> str:
    """What it does now, and how fresh it is."""
    text = (
        f"{told['status'].replace('_', ' ')}, declaration {told['declaration']}, snapshot "
        f"{told['snapshot']:,}, observations learnt: {told['observations']:,}"
    )
    fresh, delay = told["freshness_s"], told["learning_delay_s"]
    if fresh["p95"] is not None:
        text += f"\nfreshness {fresh['p50']:.2f} s, p95 {fresh['p95']:.2f} s"
        text += "" if delay["p50"] is None else f"; learning delay {delay['p50']:.2f} s"
    return text


def earned(found: Told) -> str:
    """What came of the period, and what uniform choice would have earned."""
    since, until = _minute(found["since"]), _minute(found["until"])
    mean = f" ({_number(found['reward'] / found['observed'])} each)" if found["observed"] else ""
    lines = [
        f"{since} to {until} UTC",
        (
            f"{found['deliveries']:,} delivered, {found['observed']:,} observed, reward "
            f"{found['reward']:,.6g}{mean}"
        ),
    ]
    compared = found["compared"]
    if compared["gain"] is not None:
        ours, uniform, gain = compared["ours"], compared["uniform"], compared["gain"]
        share = f", {gain['mean'] / uniform['mean']:+.0%}" if uniform["mean"] > 0 else ""
        lines += [
            (
                f"beside uniform choice: {gain['mean']:+.4f} each{share} (95 %: {gain['low']:+.4f} to "
                f"{gain['high']:+.4f})"
            ),
            (
                f"  {_number(ours['mean'])} against {_number(uniform['mean'])}, first positions; from its "
                f"own log, worth {compared['effective']:,.0f}"
            ),
        ]
    if compared["gain"] is None:
        lines.append("beside uniform choice: nothing that can be compared was observed")
    elif compared["doubts"]:
        lines += [f"  NOT TO BE TRUSTED: {doubt}" for doubt in compared["doubts"]]
        lines.append("  hint: more traffic, or  policy.explorer.explore: 0.05  makes it so")
    left = {why: count for why, count in found["left_out"].items() if count}
    if left:
        told = ", ".join(f"{count:,} {LEFT_OUT[why]}" for why, count in left.items())
        lines.append(f"  not compared: {told}")
    return "\n".join(lines)


IN_THE_MEAN = (
    "Believed, and chosen, in the mean context of what was learnt: each request has its own."
)


def beneath_arms(declaration: Told) -> str:
    """In which context arms are told; nothing where none matters."""
    if not declaration.get("context"):
        return ""
    from tamesu.base import Declaration
    from tamesu.policy import compose

    return IN_THE_MEAN if compose(Declaration.parse(declaration)).contextual else ""


LEFT_OUT = {
    "fallbacks": "by a fallback",
    "unknown": "of which it is not known among how many they were chosen",
}


def arms_table(believed: Sequence[Told], had: Sequence[Told], most: int) -> Table:
    """What is believed of each arm, and what it had in the period; the most chosen first."""
    of_arm = {(one["arm"], one.get("position")): one for one in had}
    placed = any(one.get("position") is not None for one in believed)
    clipped = any(one.get("clipped") for one in believed)
    ordered = sorted(
        believed,
        key=lambda one: (one.get("position") or 0, -one["share"], -one["mean"], one["arm"]),
    )
    rows: list[Sequence[object]] = []
    for one in ordered[:most]:
        mine = of_arm.get((one["arm"], one.get("position")))
        rows.append(
            (
                *([one["position"]] if placed else []),
                one["arm"],
                f"{one['share']:.1%}",
                _number(one["mean"]),
                f"{_number(one['low'])}–{_number(one['high'])}",
                "" if mine is None else f"{mine['deliveries']:,}",
                "" if mine is None or mine["mean"] is None else _number(mine["mean"]),
                *([f"{one['clipped']:,}"] if clipped else []),
            )
        )
    active = {one["arm"] for one in believed}
    gone = [one for one in had if one["arm"] not in active]
    more = len(ordered) - len(rows)
    if more:
        rows.append((*([""] if placed else []), f"{more} more rows", "", "", "", "", ""))
    if gone:
        delivered = f"{sum(one['deliveries'] for one in gone):,}"
        who = f"{len({one['arm'] for one in gone})} retired"
        rows.append((*([""] if placed else []), who, "", "", "", delivered, ""))
    who_columns = [">at", "arm", ">chosen\nthere"] if placed else ["arm", ">chosen\nfirst"]
    columns = [*who_columns, ">believed", ">95 %", ">delivered", ">earned"]
    return table("Arms", [*columns, *([">clipped"] if clipped else [])], rows)


def windows_table(found: Told) -> Table:
    """How it went: what each decision earned, and what uniform choice would have."""
    rows = []
    silent = [one for one in found["windows"] if not one["deliveries"]]
    for one in found["windows"]:
        if not one["deliveries"]:
            continue
        compared = one["compared"]
        ours, uniform = compared["ours"], compared["uniform"]
        beside = "" if uniform is None else _span(uniform)
        rows.append(
            (
                one["since"][5:19].replace("T", " "),
                f"{one['deliveries']:,}",
                f"{one['observed']:,}",
                "" if ours is None else _number(ours["mean"]),
                beside + (" ?" if compared["doubts"] and beside else ""),
            )
        )
    columns = ["from (UTC)", ">delivered", ">observed", ">earned each", ">uniform, 95 %"]
    without = f"; {len(silent)} without a delivery left out" if silent else ""
    compared, observed = found["compared"]["observed"], found["observed"]
    of = "; earned by first positions" if compared != observed else ""
    return table(f"Windows of {found['window']}{of}{without}", columns, rows)


def delay(told: Told | None) -> str:
    """How late rewards come, and which window would catch them."""
    if told is None:
        return ""
    if told["quantiles_s"] is None:
        looked = f"{told['decisions']:,} decisions followed for {told['followed']}"
        return f"How late rewards come: no rewarding event of {looked}"
    quantiles = ", ".join(
        f"{name[1:]} % within {_length(seconds)}" for name, seconds in told["quantiles_s"].items()
    )
    lines = [
        (
            f"How late rewards come: {told['events']:,} events of {told['decisions']:,} decisions "
            f"followed for {told['followed']}"
        ),
        f"  {quantiles}",
        f"  the window of {told['window']} catches {told['inside']:.1%} of that reward",
    ]
    if told["suggested"] is None:
        lines.append("  no window is suggested: too few events, or they come too late to tell")
    elif told["suggested"] == told["window"]:
        lines.append("  it is the shortest that catches 99 %")
    else:
        lines.append(f"  the shortest that catches 99 %:  reward.window: {told['suggested']}")
    return "\n".join(lines)


def movement(moved: Told) -> str:
    """Whether the top of the ranking stands."""
    known, size = moved["snapshots"], moved["size"]
    top = "the first arm" if size == 1 else f"the first {size} arms"
    if known["settled"] is None:
        return f"Ranking: nothing new to rank by in the last {moved['window']}"
    moves = (
        f"in the last {moved['window']} {known['rate']:.1%} of {top} changed from look to look, "
        f"{known['turnover']:.0%} from its start to its end"
    )
    return f"Ranking: {'it stands' if known['settled'] else 'it still moves'}; {moves}"


def records(conservation: Told) -> str:
    """Whether all records are accounted for."""
    difference = conservation["difference"]
    if difference:
        return f"Records: {difference:,} NOT accounted for; see  tamesu bandit show"
    return "Records: all accounted for"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.4g}"  # noqa: PLR2004 - digits of a cell


def _span(interval: Told) -> str:
    return f"{_number(interval['low'])}–{_number(interval['high'])}"


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _length(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"
