"""`tamesu decide` and `tamesu track`: a trial from the shell. Refuses to do what an SDK is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tamesu.cli.options import Json, Url

if TYPE_CHECKING:
    from tamesu.client import Decided


def decide(  # noqa: PLR0913 - the words of a command line
    name: Annotated[str, typer.Argument(metavar="NAME", help="The bandit to ask.")],
    *,
    eligible: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Arms that may be chosen.", show_default="all"),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="ID", help="Whom it is for, such as a user's id.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="What is known, by name, as the bandit declares it."),
    ] = None,
    count: Annotated[
        int,
        typer.Option("--count", "-n", metavar="N", min=1, help="How many decisions to ask for."),
    ] = 1,
    url: Url = None,
    json: Json = False,
) -> None:
    """Ask a bandit for a decision.

    It answers with one delivery per position: the arm to show, the probability with which it was
    chosen, and an id. Say with `tamesu track ID impression` that it was shown, and with
    `tamesu track ID click` what came of it: that is all it learns from.
    """
    from tamesu.base import plain
    from tamesu.cli.objects import read_object
    from tamesu.cli.output import console, write_json
    from tamesu.cli.remote import connect

    arms = None
    if eligible is not None:
        arms = [arm.strip() for arm in eligible.split(",") if arm.strip()]
    told = None if context is None else read_object(context, "--context")
    with connect(url) as client:
        if count == 1:
            decisions = [client.decide(name, unit=unit, context=told, eligible=arms)]
        else:
            asked = {"unit": unit, "context": told, "eligible": arms}
            decisions = client.decide_many(name, [asked] * count)
    if json:
        write_json(plain(decisions[0]) if count == 1 else {"decisions": plain(decisions)})
        return
    version = decisions[0].snapshot
    learnt = f"snapshot {version}" if version else "snapshot 0: nothing learnt yet"
    out = console()
    out.print(f"{name}, {learnt}", style="bold", markup=False)
    width = max(len(delivery.arm) for decided in decisions for delivery in decided)
    for decided in decisions:
        for delivery in decided:
            # No table: an id must stay in one piece to be copied.
            out.print(
                f"{delivery.position}  {delivery.arm:<{width}}  {delivery.propensity:.4f}  "
                f"{delivery.delivery_id}{_marks(decided)}",
                soft_wrap=True,
                markup=False,
            )
    first = decisions[0][0]
    out.print("\n(position, arm, propensity, delivery id)  say what came of it:", style="dim")
    out.print(f"  tamesu track {first.delivery_id} impression", soft_wrap=True, markup=False)


def _marks(decided: Decided) -> str:
    """What is out of the ordinary about a decision."""
    marks = {"sticky": decided.sticky, "fallback": decided.fallback}
    return "".join(f"  {mark}" for mark, is_so in marks.items() if is_so)


def track(  # noqa: PLR0913 - the words of a command line
    delivery: Annotated[
        str, typer.Argument(metavar="DELIVERY", help="A delivery id, as `tamesu decide` gave it.")
    ],
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="What happened: impression, click, …"),
    ],
    *,
    value: Annotated[
        float | None, typer.Option(metavar="X", help="How much, such as a price.", show_default="1")
    ] = None,
    event_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The same id counts once.", show_default="drawn"),
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Tell what came of a delivery.

    An event counts within the window of its bandit; the trainer learns from the delivery when the
    window has passed.
    """
    from tamesu.cli.output import write_json
    from tamesu.cli.remote import connect

    with connect(url) as client:
        # At once, and not in the background: what is wrong with it is to be told here.
        tracked = client.track_many(
            [{"delivery_id": delivery, "type": type_, "value": value, "event_id": event_id}]
        )
    if json:
        write_json({"accepted": tracked.accepted})
        return
    typer.echo(f"accepted: {type_}")
