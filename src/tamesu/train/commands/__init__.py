"""Commands applied: what a bandit is before one, what it is after, as pure functions.

One module a kind, each with `parse` for whoever writes a command and `apply` for the trainer. Refuses
to store, to wait, and to let one that cannot be applied stop those behind it.
"""

from tamesu.train.commands.kinds import KINDS, CommandKind, obey
from tamesu.train.commands.standing import Standing

__all__ = ["KINDS", "CommandKind", "Standing", "obey"]
