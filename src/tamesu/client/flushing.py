"""`flushing`: sends what an outbox holds, for as long as it is open.

An endless exchange, run by a thread or a task. Events go when they are due; what cannot be delivered
now is tried again, less and less often, and stays in the outbox meanwhile; what a server refuses for
good is set aside there. Refuses to give up while the outbox is open.
"""

from __future__ import annotations

import logging
import time

from tamesu.base import TamesuError, Unavailable
from tamesu.client.calls import Calls
from tamesu.client.exchange import Exchange, Idle
from tamesu.client.failures import error_of
from tamesu.client.outbox import Outbox, refusal
from tamesu.client.retries import Retries

TRY_S = 5.0
"""Longest wait for the acknowledgement of a batch, however little time a decision may take: to send
it anew sooner would only make more of the work that the server has not done yet."""

_EVER_S = 1e9
_log = logging.getLogger("tamesu.client")


def flushing(outbox: Outbox, calls: Calls) -> Exchange[None]:
    """Sends from `outbox` until it is closed, and empty or out of time.

    Args:
        outbox: what to send.
        calls: how.
    """
    waits = Retries(_EVER_S)
    not_before_s = 0.0
    is_down = False
    while True:
        due_s, left_s = outbox.due_s(), outbox.left_s
        if left_s is not None and (due_s is None or left_s <= 0):
            return
        wait_s = max(due_s or 0.0, not_before_s - time.monotonic())
        if due_s is None or wait_s > 0:
            yield Idle(_sooner(None if due_s is None else wait_s, left_s))
            continue
        error = yield from _send(outbox, calls, min(TRY_S, TRY_S if left_s is None else left_s))
        if error is None:
            if is_down:
                _log.info("events are acknowledged again")
            waits, is_down = Retries(_EVER_S), False
            continue
        if not is_down:
            _log.warning("events wait to be acknowledged: %s", error.message)
            is_down = True
        not_before_s = time.monotonic() + (waits.wait_s(error.retry_after_s) or 0.0)


def _send(outbox: Outbox, calls: Calls, timeout_s: float) -> Exchange[Unavailable | None]:
    """Sends one batch; gives the reason to wait, if there is one."""
    batch, part = outbox.take()
    if not batch:
        return None
    everyone = set(range(len(batch)))
    try:
        told = yield from calls.deliver(part, timeout_s)
    except Unavailable as error:
        outbox.settle(batch, {}, everyone)
        return error
    except TamesuError as error:
        _log.error("%d events were refused: %s", len(batch), error.message)
        outbox.settle(batch, dict.fromkeys(everyone, refusal(error)), set())
        return None
    except BaseException:  # the program ends, or this task: nobody knows whether they arrived
        outbox.settle(batch, {}, everyone)
        raise
    again = {refused["index"] for refused in told.errors if error_of(refused).retriable}
    refusals = {
        refused["index"]: refused for refused in told.errors if refused["index"] not in again
    }
    if refusals:
        first = next(iter(refusals.values()))
        _log.error("%d events were refused: %s", len(refusals), first.get("detail"))
    outbox.settle(batch, refusals, again)
    if again:
        return Unavailable(
            f"the server could not take {len(again)} of {len(batch)} events now", retry_after_s=0.0
        )
    return None


def _sooner(one_s: float | None, other_s: float | None) -> float | None:
    times_s = [seconds for seconds in (one_s, other_s) if seconds is not None]
    return min(times_s) if times_s else None
