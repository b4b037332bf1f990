"""Tasks played, with progress on a terminal, and tried out first. Refuses to know what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tamesu.base import InvalidInput
from tamesu.cli.output import progress
from tamesu.cli.simulate.kinds import KINDS, Contexts
from tamesu.cli.simulate.runs import Run, Task, run_all

BELIEFS = {"gaussian": "gaussian", "linear": "linear"}
"""Worlds whose rewards are numbers of any size, and a belief that learns them."""


def try_out(task: Task) -> None:
    """Plays two rounds of a task, so that mistakes come at once, and once.

    Raises:
        InvalidInput: rewards that its belief cannot learn from; or whatever else is wrong with it.
    """
    try:
        run_all([replace(task, rounds=2, every=1)], 1, lambda _: None)
    except InvalidInput as error:
        kind, declaration = task.setting.kind, task.declaration
        needed = kind in KINDS and KINDS[kind].contexts is Contexts.NEEDED
        fits = declaration.belief.kind in BELIEFS.values() or (needed and not declaration.context)
        if kind not in BELIEFS or fits or type(error) is not InvalidInput:
            raise
        belief = BELIEFS[kind]
        raise InvalidInput(
            f"in a {kind} world a belief must learn rewards of any size: {error.message}",
            hint=f"declare  reward: {{range: [-3, 4]}}  and  policy: {{belief: {belief}}}",
        ) from error


def play_all(tasks: Sequence[Task], jobs: int) -> list[Run]:
    """What came of all tasks, in their order.

    Raises:
        Unavailable: a process was ended from outside.
    """
    with progress("playing", "rounds", sum(task.rounds for task in tasks)) as tell:
        return run_all(tasks, jobs, tell)
