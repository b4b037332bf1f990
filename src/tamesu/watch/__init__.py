"""The watch: starts the roles as processes, restarts the dead and the hanging, says what is wrong here.

Refuses to know what a role does: it gets command lines and gives back processes.
"""

from tamesu.watch.board import BOARD_VARIABLE, Board
from tamesu.watch.doctor import examine
from tamesu.watch.finding import Finding
from tamesu.watch.folder_lock import FolderLock, folder_holder
from tamesu.watch.life import Life
from tamesu.watch.lifeline import LIFELINE_VARIABLE, hold_lifeline
from tamesu.watch.machine import raise_open_files
from tamesu.watch.role import Role
from tamesu.watch.seat import Seat
from tamesu.watch.standing import RoleStanding, Standing, StandingFile, read_standing
from tamesu.watch.status import Progress, Status, clock_steps, judge
from tamesu.watch.supervisor import (
    HOLDER_VARIABLE,
    SOCKET_VARIABLE,
    THREADS,
    Supervisor,
)

__all__ = [
    "BOARD_VARIABLE",
    "HOLDER_VARIABLE",
    "LIFELINE_VARIABLE",
    "SOCKET_VARIABLE",
    "THREADS",
    "Board",
    "Finding",
    "FolderLock",
    "Life",
    "Progress",
    "Role",
    "RoleStanding",
    "Seat",
    "Standing",
    "StandingFile",
    "Status",
    "Supervisor",
    "clock_steps",
    "examine",
    "folder_holder",
    "hold_lifeline",
    "judge",
    "raise_open_files",
    "read_standing",
]
