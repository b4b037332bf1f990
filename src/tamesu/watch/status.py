"""What the roles' standing, a server's word and the trainer's progress mean, and what to do.

Refuses to look anywhere: it judges what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tamesu.base import Time
from tamesu.watch.finding import Finding
from tamesu.watch.folder_lock import is_alive
from tamesu.watch.standing import RoleStanding, Standing

SILENT_S = 5.0
"""A supervisor says how it stands every second."""

STILL_S = 2.0
"""A loop that turns does so ten times a second, a trainer's between its steps."""

START_S = 60.0
"""A role that has not beaten by then is one that does not: it can only die."""

STEP_S = 1.0
"""A clock that was set by less harms nothing."""

BEHIND_S = 10.0
"""A trainer is done with a record within a second or two."""

SEE = "see its messages, and  tamesu doctor"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the trainer has come.

    Attributes:
        watermark: everything due up to here was learnt from; none before the first commit.
        watermark_age_s: how long ago that was.
        read: the offset up to which it has read; `end`: the log's; `lag`: the records between.
        epoch: of the lease under which it committed last.
    """

    watermark: Time | None
    watermark_age_s: float | None
    read: int
    end: int
    lag: int
    epoch: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How an installation does.

    Attributes:
        well: whether every finding is.
        data: the data folder.
        url: where its servers answer.
        supervisor: its process id; none where none runs.
        standing: what it wrote last; none if it never did or ended well.
        readiness: what a server says of itself; none where none answers.
        trainer: how far it has come; none where there is no log or store that can be read.
        findings: all of that judged, each with what to do.
    """

    well: bool
    data: str
    url: str
    supervisor: int | None
    standing: Standing | None
    readiness: dict[str, Any] | None
    trainer: Progress | None
    findings: list[Finding]


def judge(
    *,
    holder: int | None,
    standing: Standing | None,
    readiness: dict[str, Any] | None,
    trainer: Progress | Finding | None,
    now: Time,
) -> Iterator[Finding]:
    """Findings, the supervisor's first.

    Args:
        holder: the process that has the data folder's lock.
        standing: as in `Status`, and so
        readiness: and
        trainer: how far it has come, or why that cannot be told.
        now: the time.
    """
    runs = holder is not None and is_alive(holder)
    yield _supervisor(holder, standing, now, runs=runs, answers=readiness is not None)
    if standing is not None and runs:
        for role in standing.roles:
            yield _role(role, now)
        if (stepped := clock_steps(standing)) is not None:
            yield stepped
    yield _server(readiness)
    yield trainer if isinstance(trainer, Finding) else _trainer(trainer)


def clock_steps(standing: Standing) -> Finding | None:
    """What to say of a clock that was set since the supervisor started; none if it was not."""
    step_s = standing.clock_step_s
    if abs(step_s) < STEP_S:
        return None
    return Finding(
        "clock steps",
        well=False,
        found=f"the clock was set by {step_s:+,.1f} s since the supervisor started",
        hint="let one time service set it, slowly; records keep the log's time, which never goes back",
    )


def _supervisor(
    holder: int | None, standing: Standing | None, now: Time, *, runs: bool, answers: bool
) -> Finding:
    check = "supervisor"
    if holder is not None and not runs:
        return Finding(
            check,
            well=False,
            found=f"process {holder} died, and its roles have not all ended yet",
            hint="start it again:  tamesu serve  (it waits for them)",
        )
    if holder is None and standing is not None:
        return Finding(
            check,
            well=False,
            found=f"process {standing.pid} died; it spoke last at {_moment(standing.written)}",
            hint="start it again:  tamesu serve  (what was acknowledged is on the disk)",
        )
    if holder is None:
        hint = "server and trainer were started by hand" if answers else "start it:  tamesu serve"
        return Finding(check, well=answers, found="none runs here", hint=hint)
    silent_s = None if standing is None else (now - standing.written) / 1e6
    if standing is None or standing.pid != holder or silent_s is None or silent_s > SILENT_S:
        return Finding(
            check,
            well=False,
            found=f"process {holder} runs and does not say how its roles stand",
            hint="the disk is full, or it is stopped (kill -CONT), or it has just started",
        )
    return Finding(
        check,
        well=True,
        found=f"process {holder} since {_moment(standing.started)}, {standing.url}",
    )


def _moment(time: Time) -> str:
    """To the second: nobody reads more of it."""
    return f"{time.text()[:19].replace('T', ' ')} UTC"


def _role(role: RoleStanding, now: Time) -> Finding:
    ended = ""
    if role.last_end is not None:
        times = "once" if role.restarts == 1 else f"{role.restarts} times"
        ended = f"; started again {times}, the one before: {role.last_end.why}"
    if role.pid is None:
        why = f" ({role.last_end.why})" if role.last_end is not None else ""
        found = f"ended{why}, tried again in {role.again_in_s:g} s; restarts: {role.restarts}"
        return Finding(role.name, well=False, found=found, hint=SEE)
    process = f"process {role.pid}"
    lives_s = (now - role.since) / 1e6
    if role.beat_age_s is None and lives_s < START_S:
        return Finding(role.name, well=True, found=f"{process} starts, {lives_s:.0f} s ago{ended}")
    if role.beat_age_s is not None and role.beat_age_s > STILL_S:
        return Finding(
            role.name,
            well=False,
            found=f"{process} stands still for {role.beat_age_s:.1f} s{ended}",
            hint="it is replaced if that goes on; " + SEE,
        )
    if role.ready is False:
        return Finding(
            role.name,
            well=False,
            found=f"{process} is not ready{ended}",
            hint="see the server below",
        )
    return Finding(role.name, well=True, found=f"{process} since {_moment(role.since)}{ended}")


def _server(readiness: dict[str, Any] | None) -> Finding:
    if readiness is None:
        return Finding("server", well=False, found="none answers", hint="start it:  tamesu serve")
    checks: dict[str, dict[str, Any]] = readiness.get("checks", {})
    failing = [f"{name}: {it.get('hint', '')}" for name, it in checks.items() if not it.get("ok")]
    if readiness.get("ready"):
        return Finding("server", well=True, found="ready")
    return Finding("server", well=False, found="not ready", hint="; ".join(failing) or SEE)


def _trainer(trainer: Progress | None) -> Finding:
    check = "learning"
    if trainer is None:
        return Finding(check, well=True, found="there is nothing to learn from yet")
    if trainer.watermark_age_s is None:
        found = f"nothing was learnt yet; {trainer.end:,} records wait"
        return Finding(check, well=True, found=found)
    records = "1 record" if trainer.lag == 1 else f"{trainer.lag:,} records"
    found = f"{records} behind, watermark {trainer.watermark_age_s:.1f} s ago"
    behind = trainer.lag > 0 and trainer.watermark_age_s > BEHIND_S
    hint = f"if it does not catch up, a trainer is missing or fails: {SEE}" if behind else ""
    return Finding(check, well=not behind, found=found, hint=hint)
