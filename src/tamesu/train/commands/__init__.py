"""Commands applied: what a bandit is before one, what it is after, as pure functions.

Each kind has `parse` for whoever writes a command and `apply` for the trainer. Refuses to store, to
wait, and to let one that cannot be applied stop those behind it.
"""

from tamesu.train.commands.declare import keeps_state, warms_up
from tamesu.train.commands.kinds import KINDS, CommandKind, Obeyed, obey
from tamesu.train.commands.lifecycle import Rollback, first_number
from tamesu.train.commands.past import Past
from tamesu.train.commands.standing import Deferral, Moment, Standing

__all__ = [
    "KINDS",
    "CommandKind",
    "Deferral",
    "Moment",
    "Obeyed",
    "Past",
    "Rollback",
    "Standing",
    "first_number",
    "keeps_state",
    "obey",
    "warms_up",
]
