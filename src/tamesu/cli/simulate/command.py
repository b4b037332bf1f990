"""The command: its words, and what it prints. Refuses to load anything before it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Json

if TYPE_CHECKING:
    from tamesu.base import Declaration
    from tamesu.cli.simulate.runs import Task
    from tamesu.cli.simulate.summary import Figure, Played

WORLD = "bernoulli"
ROUNDS = 10_000
SEEDS = 20
UNIFORM = "uniform"


def simulate(  # noqa: PLR0913 - the words of a command line
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A declaration in YAML or JSON.")],
    *,
    world: Annotated[
        str,
        typer.Option(
            "--world",
            "-w",
            metavar="WORLD",
            help="bernoulli, bernoulli:0.1,0.2,… (a rate for each arm), bernoulli:0.01..0.05, "
            "drifting:0.01..0.05, or open-bandit:men.",
        ),
    ] = WORLD,
    rounds: Annotated[
        int, typer.Option("--rounds", "-n", metavar="N", min=1, help="Decisions of each run.")
    ] = ROUNDS,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="S", min=1, max=100_000, help="How many runs.")
    ] = SEEDS,
    every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Learn after so many rounds.",
            show_default="batch.size of FILE",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Processes to use.", show_default="one for each core"
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw regret on the way, as .png, .svg or .pdf."),
    ] = None,
    json: Json = False,
) -> None:
    """Play a bandit against a world whose truth is known, and say what it lost. Needs no server.

    Regret is the reward missed against always choosing best. The same declaration with the uniform
    explorer is played on the same luck, to compare. Runs differ in their seed alone, so the same
    command prints the same numbers.

    In a bernoulli world each arm has a rate; without rates they are drawn for each run. In a drifting
    one rates move in the course of a run. In open-bandit:men (or women, all) people click as was
    logged at a fashion shop; arms are its items, such as [0, 1, 2]. Nothing is delayed or lost here:
    what that costs comes on top.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    from tamesu.base import Declaration
    from tamesu.cli.output import write_json
    from tamesu.cli.simulate.setting import Setting
    from tamesu.cli.simulate.summary import saved, summarise
    from tamesu.client.arguments import read_declaration

    draw = None if plot is None else _drawing(plot)
    declaration = Declaration.parse(read_declaration(file))
    setting = Setting.parse(world)
    every = min(every or declaration.batch.size, rounds)
    tasks = _tasks(declaration, setting, rounds, seeds, every)
    runs = _played(tasks, jobs or len(os.sched_getaffinity(0)))
    policies = summarise(runs, rounds)
    compared = saved(runs, policies[0].policy, UNIFORM) if len(policies) > 1 else None
    title = f"{declaration.name} in {setting.name}: {rounds:,} rounds, {seeds:,} runs"
    facts = {"bandit": declaration.name, "world": setting.name, "rounds": rounds, "every": every}
    if json:
        write_json({**facts, "runs": seeds, "policies": policies, "saved": compared})
    else:
        _tell(title, policies)
        _tell_more(policies, compared, every)
    if draw is not None:
        draw(title, policies, plot)


def _tasks(
    declaration: Declaration, setting: Any, rounds: int, seeds: int, every: int
) -> list[Task]:
    """A run of each policy for each seed, the first tried out so that mistakes come at once."""
    import msgspec

    from tamesu.base import Part
    from tamesu.cli.data import logged_world
    from tamesu.cli.simulate.runs import Task
    from tamesu.policy import compose

    logged = logged_world(setting.campaign) if setting.campaign else None
    setting.world(declaration.arm_ids, compose(declaration).size, 0, logged)
    uniform = msgspec.structs.replace(declaration, explorer=Part(kind=UNIFORM))
    policies = {declaration.explorer.kind: declaration, UNIFORM: uniform}
    return [
        Task(
            policy=policy,
            declaration=declared,
            setting=setting,
            logged=logged,
            run=run,
            rounds=rounds,
            every=every,
        )
        for run in range(seeds)
        for policy, declared in policies.items()
    ]


def _drawing(path: Path) -> Any:
    """What draws to `path`; looked for before anything is played.

    Raises:
        InvalidInput: an ending of which no picture can be made.
        Unavailable: a folder that is not there, or takes none: better said before than after hours.
        MissingExtra: matplotlib is not installed.
    """
    from tamesu.base import InvalidInput, MissingExtra, Unavailable

    try:
        from tamesu.cli.simulate.plot import FORMS, draw
    except ModuleNotFoundError as error:
        raise MissingExtra.of("a plot", "plot") from error
    if path.suffix not in FORMS:
        raise InvalidInput(
            f"--plot must end in one of {', '.join(FORMS)}, got {path.name!r}",
            hint="for example  --plot regret.png",
        )
    if not os.access(path.parent, os.W_OK):
        raise Unavailable(
            f"the plot cannot be written to {path}: its folder is not there, or takes no files",
            hint="name another file",
        )
    return draw


def _played(tasks: list[Task], jobs: int) -> Any:
    """All runs, with progress on a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tamesu.cli.output import progress_console
    from tamesu.cli.simulate.runs import run_all

    screen = progress_console()
    bar = Progress(
        TextColumn("playing"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rounds"),
        TimeRemainingColumn(compact=True),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=sum(task.rounds for task in tasks))
        return run_all(tasks, jobs, lambda rounds: bar.update(task, completed=rounds))


def _tell(title: str, policies: Sequence[Played]) -> None:
    from tamesu.cli.output import console, table

    columns = [
        "policy",
        ">regret",
        ">reward",
        ">best",
        ">never",
        ">effective",
    ]
    rows = [
        (
            played.policy,
            _figure(played.regret, ",.1f"),
            _figure(played.reward, ".4f"),
            f"{played.best.mean:.1%}",
            f"{played.never.mean:.1%}",
            f"{played.effective.mean:.1%}",
        )
        for played in policies
    ]
    console().print(table(title, columns, rows))


def _tell_more(policies: Sequence[Played], compared: Figure | None, every: int) -> None:
    from tamesu.cli.output import console, table

    columns = [">rounds", *(f">regret of {played.policy}" for played in policies)]
    rows = [
        (f"{at[0].rounds:,}", *(_figure(mark.regret, ",.1f") for mark in at))
        for at in zip(*(played.over_time for played in policies), strict=True)
    ]
    out = console()
    out.print(table("Regret on the way", columns, rows))
    if compared is not None:
        out.print(f"regret saved against {UNIFORM}, on the same luck: {_figure(compared, ',.1f')}")
    out.print(
        f"± one standard error over the runs. Learnt every {every:,} rounds; reward is a round's. "
        "The last three columns say what logs made with the distribution at the end are worth for "
        "evaluating others: the share of the best arm, the share of arms that are as good as never "
        "shown, and the effective sample size for the uniform policy, per logged row.",
        style="dim",
    )


def _figure(figure: Figure, form: str) -> str:
    error = "" if figure.error is None else f" ± {figure.error:{form}}"
    return f"{figure.mean:{form}}{error}"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
