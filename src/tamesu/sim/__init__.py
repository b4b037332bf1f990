"""Worlds with known truth, the traffic that people send, and what policies lose there.

Pure: every draw is made from uniforms that the caller brings. Refuses clocks, randomness and files.
"""

from tamesu.sim.play import Step, play
from tamesu.sim.regret import NEVER, Evaluability, evaluability, regret
from tamesu.sim.traffic import UNIFORMS, Habits, Tally, Traffic, plan
from tamesu.sim.world import World
from tamesu.sim.worlds.bernoulli import BernoulliWorld
from tamesu.sim.worlds.delayed import NEVER_US, DelayedWorld, SoFarWorld
from tamesu.sim.worlds.drifting import DriftingWorld
from tamesu.sim.worlds.excerpt import Excerpt
from tamesu.sim.worlds.logged import Assignment, LoggedWorld

__all__ = [
    "NEVER",
    "NEVER_US",
    "UNIFORMS",
    "Assignment",
    "BernoulliWorld",
    "DelayedWorld",
    "DriftingWorld",
    "Evaluability",
    "Excerpt",
    "Habits",
    "LoggedWorld",
    "SoFarWorld",
    "Step",
    "Tally",
    "Traffic",
    "World",
    "evaluability",
    "plan",
    "play",
    "regret",
]
