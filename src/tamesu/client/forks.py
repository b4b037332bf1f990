"""Clients in forked processes: each child begins anew.

A socket, a lock and a thread do not outlive a fork in one piece, and no more does a module that another
thread was just importing. Refuses to keep clients alive.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - else a thread's first connection imports it, perhaps while another forks
import os
import weakref
from typing import Protocol


class Renewed(Protocol):
    """What begins anew in a child."""

    def renew(self) -> None:
        """Forgets what is the parent's."""


_all: weakref.WeakSet[Renewed] = weakref.WeakSet()


def renewed_by_forks(it: Renewed) -> None:
    """Has `it` renewed in every process that is forked from this one."""
    _all.add(it)


def _renew_all() -> None:
    for it in list(_all):
        it.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no forks
    os.register_at_fork(after_in_child=_renew_all)
