"""Aggregates: sums of what the archive holds, kept so that nobody must read all of it for them.

They can be made again from the archive at any time. Refuses to be the truth about anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from tamesu.base import Sum


class Group(NamedTuple):
    """Observations whose sums are kept together: of the archive's files of one hour.

    Attributes:
        bandit, declaration: whose.
        hour: in which the newest row of a file was closed; whole hours since the epoch. Merging files
            changes nothing of which rows are in a group.
    """

    bandit: str
    declaration: int
    hour: int


class Aggregates(Protocol):
    """Sums by group. Raises `Unavailable` where it is full, read-only or down.

    Concurrent case: of two writers of a group the one that knew more rows of it stays; two that knew
    as many wrote the same.
    """

    def rows(self) -> Mapping[Group, int]:
        """Of how many rows of the archive each group's sums are; empty at first."""
        ...

    def write(self, group: Group, rows: int, sums: Sequence[Sum]) -> None:
        """Keeps the sums of `rows` rows, durably, in the place of those of fewer.

        Duplicate case: the same again changes nothing; the same sums have the same bytes.
        """
        ...

    def read(self, groups: Collection[Group]) -> Iterator[Sequence[Sum]]:
        """The sums of `groups`, one list a group, as they were written.

        Raises:
            Corrupt: one is not there, or its bytes do not read.
        """
        ...
