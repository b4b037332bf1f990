"""Who may write: the rules of the lease, the same for every store.

Pure: what is held goes in, what is to be kept comes out. Refuses to keep it; the stores do, each
within its own lock or transaction.
"""

from __future__ import annotations

from tamesu.adapters.store import refusals
from tamesu.base import Time
from tamesu.ports import Lease


def taken(  # noqa: PLR0913 - the two sides of one question: what is held, and what is wanted
    held: Lease | None, epoch: int, holder: str, now: Time, lasts_us: int, *, raise_epoch: bool
) -> Lease:
    """The lease that `holder` has from now on.

    Args:
        held: the lease as it stands, expired or not; none if it is free.
        epoch: the newest that there was.
        holder: who wants it.
        now: when.
        lasts_us: for how long.
        raise_epoch: whether the holder that has it gets a new epoch, too.

    Raises:
        Conflict: another holder has it, and it has not expired.
    """
    others = held is not None and held.holder != holder
    if held is not None and others and now < held.expires:
        raise refusals.leased(held)
    if held is None or others or raise_epoch:
        epoch += 1
    return Lease(holder, epoch, Time(now + lasts_us))


def is_newest(lease: Lease, held: Lease | None) -> bool:
    """Whether `lease` is the one that is held; when it expires is no matter."""
    return held is not None and (held.holder, held.epoch) == (lease.holder, lease.epoch)


def refuse_stale(lease: Lease, held: Lease | None, epoch: int) -> None:
    """Lets nobody write under a lease that another took, or that was given back.

    Raises:
        Conflict: so it is.
    """
    if not is_newest(lease, held):
        raise refusals.stale(lease, held, epoch)
