"""Runs: the same luck for each policy, and as many side by side as there are cores.

What a run gives depends on its task alone, never on how many run beside it. Refuses to go on when the
one who started it is gone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, connection, get_context, parent_process
from typing import Any, NamedTuple

import msgspec
import numpy as np

from tamesu.base import Declaration, Unavailable
from tamesu.cli.patience import uninterrupted
from tamesu.cli.simulate.book import Book
from tamesu.cli.simulate.setting import Setting
from tamesu.policy.features import encoder_of
from tamesu.sim import (
    CoefficientsWorld,
    DelayedWorld,
    Evaluability,
    LoggedWorld,
    SeveralWorld,
    Step,
    play,
    play_contextual,
    play_delayed,
    play_several,
)

MARKS = 50
"""Points of a run at which it is noted how it stands, evenly spread; the last is its end."""

UNIFORM = "uniform"
"""What the policy is called that every other one is compared with."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For linear algebra: the runs are the parallelism."""

LOOK_S = 0.1
"""How often progress is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run.

    Attributes:
        policy: what the summary calls it.
        declaration: what is played; its seed is the run's.
        truth: whose features and slots make the world: of all that are compared the first.
        run: which one, from 0: seeds the bandit, the world and the luck.
        rounds: decisions to make.
        every: learn after so many.
        pace_us: between two decisions.
    """

    policy: str
    declaration: Declaration
    truth: Declaration
    setting: Setting
    logged: LoggedWorld | None
    run: int
    rounds: int
    every: int
    pace_us: int


class Run(NamedTuple):
    """What came of a task.

    Attributes:
        regret: at each of `marks`, against the best decision at each moment.
        fixed: the same against the best arms held fixed until then; below 0 for who did better.
        gained: up to each of `marks` since the one before, the share that was made of what the best
            decisions can be expected to earn beyond uniform ones: 0 is uniform, 1 is best.
        earned: rewards in all.
        evaluability: of the last distribution.
    """

    policy: str
    run: int
    regret: tuple[float, ...]
    fixed: tuple[float, ...]
    gained: tuple[float, ...]
    earned: float
    evaluability: Evaluability


class Stopped(Exception):
    """The one who started this run wants no more of it."""


def marks(rounds: int, points: int = MARKS) -> list[int]:
    """So many rounds of a run (fewer where it has not so many), rising, the last its end."""
    return sorted({max(1, rounds * mark // points) for mark in range(1, points + 1)})


def run_all(tasks: Sequence[Task], jobs: int, tell: Callable[[int], None]) -> list[Run]:
    """What came of `tasks`, in their order.

    Args:
        tasks: what to run, each known to be possible.
        jobs: processes to use; 1 is this one alone.
        tell: told how many rounds are played, in all.

    Raises:
        Unavailable: a process was ended from outside.
    """
    jobs = min(jobs, len(tasks))
    if jobs == 1:
        played = 0

        def beat(rounds: int) -> None:
            nonlocal played
            played += rounds
            tell(played)

        return [_run(task, beat) for task in tasks]
    # A fresh interpreter each: this one may hold threads that a fork would break.
    context = get_context("spawn")
    os.environ.update(ONE_THREAD)
    with uninterrupted():
        count, stop = context.Value("q", 0), context.Event()
    with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(count, stop)) as pool:
        try:
            # New processes inherit what is blocked: Ctrl-C is this one's, from their first moment on.
            # And this one starts no half a process, which would complain.
            with uninterrupted():
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
                try:
                    futures = [pool.submit(_run_there, task) for task in tasks]
                finally:
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            waiting = {*futures}
            while waiting:
                done, waiting = wait(waiting, LOOK_S)
                for future in done:
                    future.result()
                tell(count.get_obj().value)  # unlocked: who was killed may hold the lock
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            # The pool ends those it knew of at that moment, and waits for one that began since, too.
            for process in active_children():
                process.kill()
            raise Unavailable(
                "every process of a simulation must live until its runs are done, one was ended",
                hint="if memory was short, use fewer:  --jobs 1",
            ) from error
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _run(task: Task, beat: Callable[[int], None]) -> Run:
    declaration = msgspec.structs.replace(task.declaration, seed=task.run)
    book = Book(marks(task.rounds))
    for step in _steps(task, declaration):
        book.note(step)
        beat(len(step.lost))
    return Run(
        task.policy,
        task.run,
        tuple(book.regret),
        tuple(book.fixed),
        tuple(book.gained),
        book.earned,
        book.evaluability,
    )


def _steps(task: Task, declaration: Declaration) -> Iterator[Step]:
    world = task.setting.world(task.truth, task.run, task.logged)
    luck = np.random.default_rng([task.run, 1])
    asked: dict[str, Any] = {
        "rounds": task.rounds,
        "every": task.every,
        "uniforms": lambda m, k: luck.random((m, k)),
        "pace_us": task.pace_us,
    }
    if isinstance(world, CoefficientsWorld):
        return play_contextual(declaration, world, encoder=encoder_of(task.truth), **asked)
    if isinstance(world, DelayedWorld):
        return play_delayed(declaration, world, **asked)
    if isinstance(world, SeveralWorld):
        return play_several(declaration, world, **asked)
    return play(declaration, world, **asked)


# In a process of its own ------------------------------------------------------------------------

_there: dict[str, Any] = {}
"""What this process counts in, and what tells it to stop."""


def _begin(count: Any, stop: Any) -> None:
    """Sets a new process up: without its parent it ends."""
    _there.update(count=count, stop=stop)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _run_there(task: Task) -> Run:
    return _run(task, _beat)


def _beat(rounds: int) -> None:
    if _there["stop"].is_set():
        raise Stopped
    count = _there["count"]
    with count.get_lock():
        count.value += rounds
