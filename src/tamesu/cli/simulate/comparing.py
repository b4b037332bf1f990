"""Policies played beside uniform play, on the same luck. Refuses to vary anything but the policy."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tamesu.base import Declaration, InvalidInput, Part
from tamesu.base.feature import plain_schema
from tamesu.cli.data import logged_world
from tamesu.cli.output import write_json
from tamesu.cli.simulate.playing import play_all, try_out
from tamesu.cli.simulate.request import Asked
from tamesu.cli.simulate.runs import UNIFORM, Task
from tamesu.cli.simulate.summary import summarise
from tamesu.cli.simulate.telling import tell
from tamesu.policy import compose


def compare(declarations: Mapping[str, Declaration], asked: Asked) -> None:
    """Plays each declaration, and the first with the uniform explorer, and says what came of it.

    Raises:
        InvalidInput, InvalidDeclaration: what cannot be played.
        Unavailable: a process was ended from outside, or the plot cannot be written.
    """
    first = next(iter(declarations.values()))
    every = min(asked.every or first.batch.size, asked.rounds)
    uniform = msgspec.structs.replace(first, explorer=Part(kind=UNIFORM))
    tasks = _tasks({**declarations, UNIFORM: uniform}, asked, every)
    runs = play_all(tasks, asked.jobs)
    fixed = asked.setting.fixed
    policies = summarise(runs, asked.rounds, fixed=fixed)
    title = f"{first.name} in {asked.setting.name}: {asked.rounds:,} rounds, {asked.seeds:,} runs"
    if asked.json:
        facts = {"bandit": first.name, "world": asked.setting.name, "rounds": asked.rounds}
        write_json({**facts, "every": every, "runs": asked.seeds, "policies": policies})
    else:
        tell(title, asked.setting, policies, every, contextual=asked.setting.contextual(first))
    if asked.plot is not None:
        from tamesu.cli.simulate.plot import draw

        draw(title, policies, asked.plot, fixed=fixed)


def _tasks(policies: Mapping[str, Declaration], asked: Asked, every: int) -> list[Task]:
    """A run of each policy for each seed, the first tried out."""
    setting = asked.setting
    first = next(iter(policies.values()))
    schemas = {str(plain_schema(declared.context)) for declared in policies.values()}
    if any(map(setting.contextual, policies.values())) and len(schemas) > 1:
        raise InvalidInput(
            "declarations that are compared in a world with contexts must have the same context",
            hint="a context whose features are left out is another one: compare  belief: linear  with  "
            "belief: gaussian  under one context",
        )
    sizes = {compose(declared).size for declared in policies.values()}
    if len(sizes) > 1:
        raise InvalidInput(
            "declarations that are compared must deliver equally many arms, got sizes "
            + ", ".join(str(size) for size in sorted(sizes))
        )
    logged = logged_world(setting.campaign) if setting.campaign else None
    tasks = [
        Task(
            policy=policy,
            declaration=declared,
            truth=first,
            setting=setting,
            logged=logged,
            run=run,
            rounds=asked.rounds,
            every=every,
            pace_us=asked.pace_us,
        )
        for run in range(asked.seeds)
        for policy, declared in policies.items()
    ]
    for task in tasks[: len(policies)]:
        try_out(task)
    return tasks
