"""What every store says when it refuses: one wording for all of them.

Refuses to decide; the stores do.
"""

from __future__ import annotations

from tamesu.base import Backpressure, Conflict, NotFound
from tamesu.ports import Lease


def leased(held: Lease) -> Conflict:
    """Another holder has the lease."""
    return Conflict(
        f"one trainer may write, and {held.holder!r} holds the lease until {held.expires.text()}",
        hint="stop the other trainer, or wait until its lease ends",
        holder=held.holder,
        epoch=held.epoch,
        expires=held.expires,
    )


def stale(lease: Lease, held: Lease | None, epoch: int) -> Conflict:
    """A commit under a lease that is no longer the newest, or was given back."""
    now = f"{held.holder!r} holds epoch {held.epoch}" if held else f"nobody holds epoch {epoch}"
    return Conflict(
        f"a commit must hold the newest lease, got epoch {lease.epoch} of {lease.holder!r} "
        f"while {now}; nothing was changed",
        hint="take the lease again and repeat the batch from the stored progress",
        epoch=lease.epoch,
        newest=held.epoch if held else epoch,
    )


def version_exists(bandit: str, version: int, newest: int) -> Conflict:
    """A snapshot version that is taken."""
    return Conflict(
        f"a new snapshot of {bandit!r} must come after version {newest}, got version {version}; "
        "nothing was changed",
        hint="read the newest snapshot and number from there",
        bandit=bandit,
        version=version,
        newest=newest,
    )


def file_exists(name: str) -> Conflict:
    """An archive file that the manifest names already."""
    return Conflict(
        f"an archive file must be new to the manifest, got {name!r} again; nothing was changed",
        hint="repeat the batch from the stored progress",
        file=name,
    )


def no_such_file(name: str) -> Conflict:
    """An archive file that the manifest does not name."""
    return Conflict(
        f"an archive file to remove must be in the manifest, {name!r} is not; nothing was changed",
        hint="read the manifest again",
        file=name,
    )


def not_next(bandit: str, number: int, next_: int) -> Conflict:
    """A declaration with another number than the next."""
    return Conflict(
        f"a new declaration of {bandit!r} must have number {next_}, got {number}; "
        "nothing was changed",
        hint="read the newest declaration and number from there",
        bandit=bandit,
        number=number,
    )


def corrections_not_waiting(missing: int, of: int) -> Conflict:
    """Corrections taken that were taken before, or never kept."""
    return Conflict(
        f"a correction must wait to be taken, {missing} of {of} do not; nothing was changed",
        hint="repeat the batch from the stored progress",
    )


def no_snapshot(bandit: str, version: int) -> NotFound:
    """A version that is not kept."""
    return NotFound(
        f"bandit {bandit!r} has no snapshot {version}",
        hint="it was thinned, or never made; list those that are kept",
        bandit=bandit,
        version=version,
    )


def roster_exists(bandit: str, number: int) -> Conflict:
    """A roster number that is taken."""
    return Conflict(
        f"a new roster of {bandit!r} must have a new number, got {number} again; "
        "nothing was changed",
        hint="repeat the batch from the stored progress",
        bandit=bandit,
        number=number,
    )


def not_waiting(number: int) -> Conflict:
    """An effect for a command that has one, or that nobody asked."""
    return Conflict(
        f"an effect must be that of a command which waits, command {number} does not; "
        "nothing was changed",
        hint="repeat the batch from the stored progress",
        command=number,
    )


def too_many_wait(waiting: int) -> Backpressure:
    """One command more than may wait."""
    return Backpressure(
        f"at most {waiting} commands may wait for the trainer, and so many do",
        hint="see that the trainer runs:  tamesu status",
        waiting=waiting,
    )
