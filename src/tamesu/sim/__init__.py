"""Worlds with known truth, the traffic that people send, and what policies lose there.

Pure: every draw is made from uniforms that the caller brings. Refuses clocks, randomness and files.
"""

from tamesu.sim.contexts import contexts_at, uniforms_of
from tamesu.sim.contextual_play import play_contextual
from tamesu.sim.delayed_play import play_delayed
from tamesu.sim.kinship import Kinship, kinship
from tamesu.sim.listed import listed
from tamesu.sim.play import Step, play
from tamesu.sim.regret import NEVER, Evaluability, best_assignment, evaluability, regret
from tamesu.sim.several_play import play_several
from tamesu.sim.traffic import UNIFORMS, Habits, Tally, Traffic, plan
from tamesu.sim.world import ContextualWorld, World
from tamesu.sim.worlds.adversarial import AdversarialWorld
from tamesu.sim.worlds.bernoulli import BernoulliWorld
from tamesu.sim.worlds.cascade import CascadeWorld, ContextualCascadeWorld
from tamesu.sim.worlds.coefficients import CoefficientsWorld, LinearWorld, LogisticWorld
from tamesu.sim.worlds.delayed import NEVER_US, DelayedWorld, SoFarWorld
from tamesu.sim.worlds.drifting import DriftingWorld
from tamesu.sim.worlds.excerpt import Excerpt
from tamesu.sim.worlds.gaussian import GaussianWorld
from tamesu.sim.worlds.logged import Assignment, LoggedWorld
from tamesu.sim.worlds.positioned import PositionedWorld
from tamesu.sim.worlds.several import SeveralWorld
from tamesu.sim.worlds.switching import SwitchingWorld

__all__ = [
    "NEVER",
    "NEVER_US",
    "UNIFORMS",
    "AdversarialWorld",
    "Assignment",
    "BernoulliWorld",
    "CascadeWorld",
    "CoefficientsWorld",
    "ContextualCascadeWorld",
    "ContextualWorld",
    "DelayedWorld",
    "DriftingWorld",
    "Evaluability",
    "Excerpt",
    "GaussianWorld",
    "Habits",
    "Kinship",
    "LinearWorld",
    "LoggedWorld",
    "LogisticWorld",
    "PositionedWorld",
    "SeveralWorld",
    "SoFarWorld",
    "Step",
    "SwitchingWorld",
    "Tally",
    "Traffic",
    "World",
    "best_assignment",
    "contexts_at",
    "evaluability",
    "kinship",
    "listed",
    "plan",
    "play",
    "play_contextual",
    "play_delayed",
    "play_several",
    "regret",
    "uniforms_of",
]
