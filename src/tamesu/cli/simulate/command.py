"""The command: its words, and what it looks at first. Refuses to load anything before it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamesu.cli.options import Json
from tamesu.cli.simulate.request import Asked, Sweep

if TYPE_CHECKING:
    from tamesu.base import Declaration

WORLD = "bernoulli"
ROUNDS = 10_000
MOST_ROUNDS = 1_000_000_000
"""Decisions of a run that are hours of work; more would never end."""
SEEDS = 20
PACE = "1s"


Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", help="Declarations in YAML or JSON, of the same arms."),
]
InWorld = Annotated[
    str,
    typer.Option(
        "--world",
        "-w",
        metavar="WORLD",
        help="A kind, what arms are worth, and options, such as bernoulli:0.1,0.2,… (a rate for "
        "each arm), bernoulli:0.01..0.05, gaussian:0..1,sd=0.5, linear:sd=0.5, or open-bandit:men.",
    ),
]
Rounds = Annotated[
    int,
    typer.Option(
        "--rounds", "-n", metavar="N", min=1, max=MOST_ROUNDS, help="Decisions of each run."
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="S", min=1, max=100_000, help="How many runs.")
]
Every = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Learn after so many rounds.",
        show_default="batch.size of FILE",
    ),
]
Pace = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Time between two decisions, for a policy that forgets and rewards that come late.",
    ),
]
Swept = Annotated[
    Sweep | None,
    typer.Option(
        metavar="WHAT",
        help="Vary what drives convergence: arms, gaps, traffic or explorer.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Processes to use.", show_default="one for each core"),
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="OUT.png", help="Draw how it went, as .png, .svg or .pdf."),
]


def simulate(  # noqa: PLR0913 - the words of a command line
    files: Files,
    *,
    world: InWorld = WORLD,
    rounds: Rounds = ROUNDS,
    seeds: Seeds = SEEDS,
    every: Every = None,
    pace: Pace = PACE,
    sweep: Swept = None,
    jobs: Jobs = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """Play bandits against a world whose truth is known, and say what they lost. Needs no server.

    Regret is the reward missed against always choosing best. The first declaration with the uniform
    explorer is played on the same luck, to compare. Runs differ in their seed alone, so the same
    command prints the same numbers.

    What arms are worth is a number for each, or a range such as 0.01..0.05 from which it is drawn
    anew in each run.

    Rewards of one kind for all: in a bernoulli world that is a rate; in a gaussian one the mean of
    rewards that are numbers (option sd=1). In a drifting one rates move in the course of a run, in a
    switching one they jump (jumps=1). In a delayed one rewards come later (mean=1m), and the window and
    settle of FILE count. An adversarial one turns against who plays. In open-bandit:men (or women, all)
    people click as was logged at a fashion shop; arms are its items, such as [0, 1, 2].

    Several positions: in a positioned one people look less at those further down (examined=0.7), and some
    arms suit some positions (apart=0.5). In a cascade they look from the top and click the first arm that
    attracts. In a combination one the slots of FILE are filled: options, their pairs and what crosses
    them with the context move log-odds by slope=1.

    Several objectives: in an objectives one each arm has a rate for each of them, and much of one leaves
    little of the others (against=0.8). A mixture of arms may be the best then.

    Contexts: in a linear or logistic one each decision has its own, from the schema of FILE. Its columns
    have coefficients drawn anew for each arm and run, and their product moves a reward by the deviation
    slope=1, or its log-odds by slope=2; the arms' worth is what stands without it. Where FILE says what
    arms tell of themselves, shared=0.5 of that is by what they tell: arms that are alike are worth alike.
    A cascade and combinations have contexts, too, where FILE has. Several files are played in the world
    that the first makes.

    Nothing is lost on the way here: what that costs comes on top.

    A sweep plays one declaration with several numbers of arms, gaps, amounts of traffic or explorers,
    and tells when each converged: from when on it makes nine tenths of what the best arms earn beyond
    uniform play.
    """
    from tamesu.cli.patience import Interrupts

    Interrupts().listen()
    from tamesu.base import Duration
    from tamesu.cli.simulate.comparing import compare
    from tamesu.cli.simulate.setting import Setting
    from tamesu.cli.simulate.sweeping import sweep_over

    if plot is not None:
        _look_at(plot)
    declarations = _read(files)
    asked = Asked(
        setting=Setting.parse(world),
        rounds=rounds,
        seeds=seeds,
        every=every,
        pace_us=_above_zero(Duration.parse(pace)),
        jobs=jobs or len(os.sched_getaffinity(0)),
        plot=plot,
        json=json,
    )
    if sweep is None:
        compare(declarations, asked)
    else:
        sweep_over(sweep, declarations, asked)


def _above_zero(pace_us: int) -> int:
    from tamesu.base import Duration, InvalidInput

    if not 0 < pace_us <= Duration.parse("1d"):
        raise InvalidInput(
            f"--pace must lie above 0s and within 1d, got {Duration(pace_us).text()}"
        )
    return pace_us


def _read(files: list[Path]) -> dict[str, Declaration]:
    """The declarations by what tables call them: one by its explorer, several by their files.

    Raises:
        InvalidInput: two files of one name, or different arms.
        InvalidDeclaration: one that cannot be.
    """
    from tamesu.base import Declaration, InvalidInput
    from tamesu.cli.simulate.runs import UNIFORM
    from tamesu.client.arguments import read_declaration

    read = [Declaration.parse(read_declaration(file)) for file in files]
    if len(read) == 1:
        return {read[0].explorer.kind: read[0]}
    names = [file.stem for file in files]
    if len({*names, UNIFORM}) <= len(names):
        raise InvalidInput(
            f"files must have names of their own, and none is {UNIFORM!r}, got {', '.join(names)}",
            hint="tables call each declaration by its file",
        )
    for name, declaration in zip(names, read, strict=True):
        if _delivered(declaration) != _delivered(read[0]):
            raise InvalidInput(
                f"declarations that are compared must have the same arms, in one order; those of "
                f"{name!r} are not those of {names[0]!r}"
            )
    return dict(zip(names, read, strict=True))


def _delivered(declaration: Declaration) -> object:
    return declaration.arm_ids, declaration.infeasible


def _look_at(path: Path) -> None:
    """Refuses what could not be drawn, before anything is played.

    Raises:
        InvalidInput: an ending of which no picture can be made.
        Unavailable: a folder that is not there, or takes none: better said before than after hours.
        MissingExtra: matplotlib is not installed.
    """
    from tamesu.base import InvalidInput, MissingExtra
    from tamesu.cli.output import refuse_unwritable

    try:
        from tamesu.cli.simulate.plot import FORMS
    except ModuleNotFoundError as error:
        raise MissingExtra.of("a plot", "plot") from error
    if path.suffix not in FORMS:
        raise InvalidInput(
            f"--plot must end in one of {', '.join(FORMS)}, got {path.name!r}",
            hint="for example  --plot regret.png",
        )
    refuse_unwritable(path, "the plot")
