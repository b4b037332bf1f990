"""The performance: stage and player brought together, step by step, with progress on the terminal.

Refuses to hide a failure: what a thread or a process meets ends the demo with its error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tamesu.base import Conflict, Declaration, Unavailable
from tamesu.cli.demo.declaration import NAME, declaration
from tamesu.cli.demo.player import Player
from tamesu.cli.demo.stage import Stage
from tamesu.cli.demo.summary import Summary, summarise
from tamesu.cli.output import progress_console
from tamesu.client import Client
from tamesu.sim import LoggedWorld

TAIL_S = 9.0
"""From the last decision until every delivery is final, about."""

SETTLED_S = 30.0
"""How long to wait at most for the trainer to have committed the last record."""

LOOK_S = 0.5
"""How often the line of progress is written anew."""

RECENT = 5.0
"""Live click rates are those of the newest so many seconds."""


class Performance:
    """One run.

    Args:
        stage: the processes, running.
        world: who clicks what.
        seconds: how long all of it takes, about.
        rate: decisions per second to aim for.
        seed: of the people's choices.
        check: asked again and again; what it raises ends the run.
    """

    def __init__(  # noqa: PLR0913 - the words of a command line
        self,
        stage: Stage,
        world: LoggedWorld,
        *,
        seconds: float,
        rate: float,
        seed: int,
        check: Callable[[], None],
    ) -> None:
        self._check = check
        self._stage, self._world = stage, world
        self._traffic_s = max(seconds - TAIL_S, seconds / 2)
        self._rate, self._seed = rate, seed
        self.decisions = 0

    def run(self) -> Summary:
        """Plays, and gives the summary.

        Raises:
            Conflict: the folder holds such a bandit already.
            TamesuError: whatever a part failed with.
        """
        screen = progress_console()
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=18),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(compact=True),
            console=screen,
            transient=True,
            disable=not screen.is_terminal,
        )
        with Client(self._stage.url) as client, bar:
            declared = self._declare(client)
            task = bar.add_task("playing", total=self._traffic_s + TAIL_S, facts="")
            with Player(self._stage.url, declared, self._world, self._rate, self._seed) as player:
                self._play(client, player, bar, task)
                self._settle(client, player, bar, task)
            return summarise(
                player.record,
                self._world,
                client.report(NAME),
                client.conservation(NAME),
                self._stage.restarts,
            )

    def _declare(self, client: Client) -> Declaration:
        if any(bandit["name"] == NAME for bandit in client.bandits()):
            raise Conflict(
                f"the folder {self._stage.folder} holds a bandit {NAME!r} of an earlier demo",
                hint="choose another folder, or leave --data out",
            )
        return Declaration.parse(client.create(declaration(self._world.arms))["declaration"])

    def _play(self, client: Client, player: Player, bar: Progress, task: Any) -> None:
        started = time.monotonic()
        kill_at = self._traffic_s / 2
        killed = False
        while (passed := time.monotonic() - started) < self._traffic_s:
            self._check()
            player.check()
            if passed >= kill_at and not killed:
                killed = self._stage.kill("trainer")
                if killed and not bar.disable:
                    bar.console.print("trainer killed with SIGKILL; the supervisor starts another")
            self.decisions = player.record.decisions
            bar.update(task, completed=passed, facts=self._facts(client, player, passed))
            time.sleep(min(LOOK_S, self._traffic_s - passed))
        player.stop_asking()
        self.decisions = player.record.decisions

    def _facts(self, client: Client, player: Player, passed: float) -> str:
        record = player.record
        pace = record.decisions / max(passed, LOOK_S)
        recent = record.newest(int(pace * RECENT)).rate
        snapshot = client.bandit(NAME)["snapshot"]
        return (
            f"{record.decisions:,} decisions  {pace:,.0f}/s  clicks {recent:.2%}  "
            f"snapshot {snapshot}"
        )

    def _settle(self, client: Client, player: Player, bar: Progress, task: Any) -> None:
        """Waits until every event is sent and every delivery final and committed."""
        bar.update(task, description="waiting", facts="for the last windows to close")
        started = time.monotonic()
        deadline = started + TAIL_S + SETTLED_S
        while missing := self._missing(client, player):
            self._check()
            player.check()
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"the trainer must have learnt all within {SETTLED_S:g} s of the last event, "
                    f"it has not: {missing}",
                    hint=f"what it says: {self._stage.last_message}",
                )
            passed = time.monotonic() - started
            bar.update(task, completed=self._traffic_s + min(passed, TAIL_S))
            time.sleep(LOOK_S / 2)

    def _missing(self, client: Client, player: Player) -> str:
        """What is still to come, in words; empty when all is final and committed."""
        found = client.conservation(NAME)
        record = player.record
        still = {
            "events to send": player.events_due,
            "decisions to read": record.decisions - sum(found["decisions"].values()),
            "events to read": record.events - sum(found["events"].values()),
            "deliveries open": found["deliveries"]["open"],
            "events held": found["events"]["held"],
        }
        return ", ".join(f"{count:,} {what}" for what, count in still.items() if count > 0)
