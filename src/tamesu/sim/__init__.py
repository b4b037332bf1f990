"""Worlds with known truth, and what policies lose in them.

Pure: every draw is made from uniforms that the caller brings. Refuses clocks, randomness and files.
"""

from tamesu.sim.regret import NEVER, Evaluability, evaluability, regret
from tamesu.sim.worlds.bernoulli import BernoulliWorld

__all__ = ["NEVER", "BernoulliWorld", "Evaluability", "evaluability", "regret"]
