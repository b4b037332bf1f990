"""A sweep played and told: what each value came to, and when it converged. Refuses several bandits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tamesu.base import Declaration, InvalidInput
from tamesu.cli.data import logged_world
from tamesu.cli.output import console, table, write_json
from tamesu.cli.simulate.playing import play_all, try_out
from tamesu.cli.simulate.request import Asked, Sweep
from tamesu.cli.simulate.sweep import Swept, Varied, sum_up, vary
from tamesu.cli.simulate.telling import worded


def sweep_over(sweep: Sweep, declarations: Mapping[str, Declaration], asked: Asked) -> None:
    """Plays the one declaration once for each value, and says what came of it.

    Raises:
        InvalidInput: several declarations, or a world that the sweep cannot be played in.
        Unavailable: a process was ended from outside, or the plot cannot be written.
    """
    if len(declarations) > 1:
        raise InvalidInput(f"a sweep plays one declaration, got {len(declarations)} files")
    (declaration,) = declarations.values()
    base = Varied(
        value="",
        declaration=declaration,
        setting=asked.setting,
        rounds=asked.rounds,
        every=min(asked.every or declaration.batch.size, asked.rounds),
        pace_us=asked.pace_us,
        logged=logged_world(asked.setting.campaign) if asked.setting.campaign else None,
    )
    varied, left_out = vary(sweep, base)
    tasks = [one.tasks(asked.seeds) for one in varied]
    for own in tasks:
        try_out(own[0])
    found = sum_up(varied, play_all([task for own in tasks for task in own], asked.jobs))
    title = f"{declaration.name} in {asked.setting.name}, by {sweep}: {asked.seeds:,} runs each"
    if asked.json:
        facts = {"bandit": declaration.name, "world": asked.setting.name, "sweep": sweep.value}
        write_json({**facts, "runs": asked.seeds, "values": found, "left_out": left_out})
    else:
        _tell(title, sweep, found, left_out)
    if asked.plot is not None:
        from tamesu.cli.simulate.plot import draw_sweep

        draw_sweep(title, sweep, found, asked.plot)


def _tell(title: str, sweep: Sweep, found: Sequence[Swept], left_out: Mapping[str, str]) -> None:
    columns = [str(sweep), ">rounds", ">regret", ">gained", ">converged", ">in learnings"]
    rows = [
        (
            one.value,
            f"{one.rounds:,}",
            worded(one.regret),
            f"{one.gained.mean:.1%}",
            "not yet" if one.converged is None else f"{one.converged:,}",
            "" if one.converged is None else f"{one.converged / one.every:,.0f}",
        )
        for one in found
    ]
    out = console()
    out.print(table(title, columns, rows))
    for value, reason in left_out.items():
        out.print(f"left out: {value} ({reason})")
    out.print(
        "gained is the share that was made of what the best arms earn beyond uniform play, over the "
        "whole run; converged the rounds, and learnings, after which nine tenths of it are made and "
        "it stays so, in the mean of all runs. ± one standard error over the runs.",
        style="dim",
    )
