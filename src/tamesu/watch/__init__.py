"""The watch: starts the roles as processes, restarts the dead, and says what is wrong here.

Refuses to know what a role does: it gets command lines and gives back processes.
"""

from tamesu.watch.doctor import Finding, examine
from tamesu.watch.lifeline import LIFELINE_VARIABLE, hold_lifeline
from tamesu.watch.supervisor import (
    HOLDER_VARIABLE,
    SOCKET_VARIABLE,
    THREADS,
    Role,
    Supervisor,
)

__all__ = [
    "HOLDER_VARIABLE",
    "LIFELINE_VARIABLE",
    "SOCKET_VARIABLE",
    "THREADS",
    "Finding",
    "Role",
    "Supervisor",
    "examine",
    "hold_lifeline",
]
