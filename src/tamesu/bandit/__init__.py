"""A bandit in memory: decide, learn, save. Three lines to a first decision.

The face for notebooks, tests and simulation: it makes its observations itself and needs no log, no
join and no server. Refuses to wait for events: whoever calls `learn` says what the reward is.
"""

from tamesu.bandit.decisions import Decision, Decisions, Delivery
from tamesu.bandit.face import Bandit
from tamesu.bandit.report import ArmReport, Report

__all__ = ["ArmReport", "Bandit", "Decision", "Decisions", "Delivery", "Report"]
