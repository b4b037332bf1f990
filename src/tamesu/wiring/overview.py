"""How this installation does now: what `tamesu status` shows. Refuses to make or change anything."""

from __future__ import annotations

from typing import Any

from tamesu.base import TamesuError, Time
from tamesu.watch import Finding, Progress, Status, folder_holder, judge, read_standing
from tamesu.wiring.integrity import refuse_older
from tamesu.wiring.places import open_log, open_store
from tamesu.wiring.settings import Settings
from tamesu.wiring.syncing import syncs

ANSWER_S = 2.0
"""Longest wait for a server's word: one that takes longer does not answer."""


def status(settings: Settings) -> Status:
    """Supervisor, roles, server and trainer, each judged."""
    from tamesu.adapters.clock.system import SystemClock

    now = SystemClock().now()
    troubles: list[Finding] = []
    holder, standing = None, None
    try:
        holder = folder_holder(settings.folder)
        standing = read_standing(settings.folder)
    except TamesuError as error:
        troubles.append(_trouble("supervisor's file", error))
    url = settings.url if standing is None or holder is None else standing.url
    readiness = _readiness(url)
    trainer: Progress | Finding | None
    try:
        trainer = _progress(settings, now)
    except TamesuError as error:
        trainer = _trouble("learning", error)
    judged = judge(holder=holder, standing=standing, readiness=readiness, trainer=trainer, now=now)
    findings = [*judged, *troubles, *syncs(settings, now)]
    return Status(
        well=all(finding.well for finding in findings),
        data=str(settings.folder),
        url=url,
        supervisor=holder,
        standing=standing,
        readiness=readiness,
        trainer=None if isinstance(trainer, Finding) else trainer,
        findings=findings,
    )


def _trouble(check: str, error: TamesuError) -> Finding:
    return Finding(check, well=False, found=error.message, hint=error.hint)


def _readiness(url: str) -> dict[str, Any] | None:
    import httpx2

    try:
        answer = httpx2.get(f"{url}/health/ready", timeout=ANSWER_S, trust_env=False)
        told = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
        return None
    return told if isinstance(told, dict) and "ready" in told else None


def _progress(settings: Settings, now: Time) -> Progress | None:
    """How far the trainer has come; none where nothing was ever written.

    Raises:
        TamesuError: that cannot be read, or not by this version.
    """
    from tamesu.join import Checkpoint

    path = settings.folder / "store.sqlite3"
    if not path.exists():
        return None
    refuse_older(path)
    log, store = open_log(settings), open_store(settings)
    try:
        committed = store.progress()
        end = sum(log.end(partition) for partition in range(log.partitions))
    finally:
        log.close()
        store.close()
    checkpoint = Checkpoint.from_bytes(committed.checkpoint)
    read = sum(mark.read for mark in checkpoint.marks)
    time = checkpoint.time
    return Progress(
        watermark=time,
        watermark_age_s=None if time is None else max(0.0, (now - time) / 1e6),
        read=read,
        end=end,
        lag=end - read,
        epoch=committed.epoch,
    )
