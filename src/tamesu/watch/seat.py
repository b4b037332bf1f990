"""A seat: a role's own place on its supervisor's board.

Refuses nothing to a role that has no supervisor: its seat is then one that nobody looks at.
"""

from __future__ import annotations

import os
from typing import Self

from tamesu.watch.board import BOARD_VARIABLE, Board


class Seat:
    """Where one role says that its loop turns, and sees how its siblings do.

    Args:
        board: what it is on.
        number: which place of it.
    """

    def __init__(self, board: Board, number: int) -> None:
        self._board = board
        self._number = number
        self._is_left = False

    @classmethod
    def take(cls) -> Self:
        """The seat that the supervisor gave this process; one on a board of its own without one."""
        text = os.environ.pop(BOARD_VARIABLE, None)
        if text is None:
            return cls(Board.make(1), 0)
        descriptor, number, seats = map(int, text.split(":"))
        return cls(Board(descriptor, seats), number)

    def beat(self) -> None:
        """The loop that does this role's work turned just now."""
        self._board.beat(self._number)

    def hold(self, connections: int) -> None:
        """This role holds so many connections; nothing is said after it left."""
        if not self._is_left:
            self._board.hold(self._number, connections)

    def leave(self) -> None:
        """This role takes no more connections: no sibling stands back for it."""
        self._is_left = True
        self._board.hold(self._number, None)

    def say_ready(self, *, ready: bool) -> None:
        """Whether this role can do its work."""
        self._board.say_ready(self._number, ready=ready)

    def is_fullest(self, connections: int) -> bool:
        """Whether a sibling whose loop turns holds fewer than `connections`."""
        least = self._board.least_held(self._number)
        return least is not None and least < connections
