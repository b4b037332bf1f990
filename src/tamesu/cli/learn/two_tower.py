"""`tamesu learn two-tower`: a policy learnt from a log, as a folder that servers read.

Needs no server. Refuses to serve what it learnt: judge it first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.logs import Campaign, LoggedBy, Since, Source, Until, Where
from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.cli.learn.rounds_from import Found
    from tamesu.learn import Plan, Tell
    from tamesu.learn.gradients import Learnt


def two_tower(  # noqa: PLR0913 - the options of a command
    source: Source,
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Write what was learnt there; nothing may be there yet."),
    ],
    estimator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What is climbed: dr, ips, snips, likelihood or regression.",
            show_default="dr",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A YAML file with all that may be said of how to learn: dim, query, item, rate, clip, "
            "entropy, logging, top_k, sampled …",
            show_default=False,
        ),
    ] = None,
    dim: Annotated[
        int | None,
        typer.Option(metavar="N", help="Numbers of an embedding.", show_default="16"),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Times through the log, at most.", show_default="60"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Of all luck.", show_default="0")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where to learn: cpu, cuda …", show_default="cpu"),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep each epoch there; the same command, cut short, goes on from it.",
            show_default=False,
        ),
    ] = None,
    campaign: Campaign = None,
    logged_by: LoggedBy = None,
    since: Since = None,
    until: Until = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Learn a two-tower policy from a log: one network for contexts, one for arms, and how well they go together.

    An arm is chosen in proportion to exp(<context, arm> / temperature). By dr, ips or snips the networks climb what
    the policy would have earned in the log, a part of which is held out and says when to stop. By regression they
    learn what each arm earns, and by likelihood to repeat what was rewarded.

    What comes out are arrays: servers need no PyTorch. Judge it on a log that it did not learn from before anybody
    sees it.
    """
    from tamesu.base import InvalidInput, MissingExtra
    from tamesu.cli.learn.rounds_from import rounds_from
    from tamesu.cli.output import write_json
    from tamesu.learn import Plan

    where = Where(
        source=source,
        data=data,
        since=since,
        until=until,
        campaign=campaign,
        logged_by=logged_by,
    )
    where.refuse_idle()
    said = {"estimator": estimator, "seed": seed, "device": device, "dim": dim, "epochs": epochs}
    how = Plan.of(_written(plan) | {name: one for name, one in said.items() if one is not None})
    if how.scores != "two_tower":
        raise InvalidInput(f"scores must be two_tower here, got {how.scores}")
    try:
        from tamesu.learn.gradients import learnt_from
    except ModuleNotFoundError as error:
        raise MissingExtra.of("learning by gradients", "learn") from error
    from tamesu.wiring import refuse_taken, write_learnt

    refuse_taken(out)
    found = rounds_from(where)
    with _shown(how) as tell:
        learnt = learnt_from(
            found.rounds,
            how,
            context=found.context,
            arm_features=found.arm_features,
            tell=tell,
            checkpoints=checkpoints,
        )
    # Interactions, which stand last, are not learnt from.
    columns = found.names[: learnt.policy.query.width]
    digest = write_learnt(out, learnt.policy, columns)
    if json:
        write_json(_as_json(found, learnt, how, out, digest))
    else:
        _tell(found, learnt, how, out, digest)


def _written(path: Path | None) -> dict[str, Any]:
    """What a file says of how to learn."""
    if path is None:
        return {}
    import yaml

    from tamesu.base import InvalidInput

    try:
        held = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise InvalidInput(f"{path} must be a YAML file that can be read: {problem}") from problem
    if not isinstance(held, dict):
        raise InvalidInput(f"{path.name} must be a mapping, got {type(held).__name__}")
    return held


@contextmanager
def _shown(how: Plan) -> Iterator[Tell]:
    """Each epoch on a terminal's last line."""
    from tamesu.cli.output import progress
    from tamesu.learn import Epoch

    models = how.folds if how.estimator == "dr" else 0
    climbs = len(how.climbed())
    towers = models + (2 * climbs + 1 if how.twice else climbs)
    with progress("learning", "epochs", how.epochs * towers) as told:
        done = [0]

        def tell(epoch: Epoch) -> None:
            del epoch
            done[0] += 1
            told(done[0])

        yield tell


def _as_json(found: Found, learnt: Learnt, how: Plan, out: Path, digest: str) -> dict[str, Any]:
    import msgspec

    return {
        "source": found.about,
        "rounds": len(found.rounds),
        "left_out": dict(found.left_out),
        "plan": {
            name: None if one == float("inf") else one
            for name, one in msgspec.to_builtins(how).items()
        },
        "held_out": learnt.held_out.value,
        "error": None if learnt.held_out.error != learnt.held_out.error else learnt.held_out.error,
        "epoch": learnt.epoch,
        "epochs": learnt.epochs,
        "arms": len(learnt.policy.arms),
        "written": str(out),
        "digest": digest,
    }


def _tell(found: Found, learnt: Learnt, how: Plan, out: Path, digest: str) -> None:
    from tamesu.cli.output import console, table

    screen = console()
    value, error = learnt.held_out
    rows = [
        (
            "learnt from",
            f"{found.about}: {len(found.rounds):,} decisions, {len(found.rounds.arms):,} arms",
        ),
        *(("left out", f"{count:,}: {why}") for why, count in found.left_out.items() if count),
        ("by", f"{how.estimator}, seed {how.seed}"),
        ("kept", f"epoch {learnt.epoch} of {learnt.epochs}"),
        (
            "held out",
            f"loss {-value:.4f}"
            if how.estimator == "regression"
            else f"{value:.4f} ± {error:.4f} per decision",
        ),
        ("digest", digest),
    ]
    screen.print(table("What was learnt", ["", ""], rows))
    screen.print(
        f"written to {out}; it was chosen by what is held out, which flatters. Judge it:",
        markup=False,
    )
    screen.print(f"  tamesu evaluate SOURCE --policy {out}", markup=False, soft_wrap=True)
