"""Learns policies, and models of rewards, from rounds that another policy logged.

`tamesu.learn.gradients` needs PyTorch (extra `learn`), `tamesu.learn.models` scikit-learn (extra `evaluate`); they are
loaded by whoever names them, this needs neither. Refuses to read a log, to write a file but its own checkpoints, and to
serve: what is learnt leaves as arrays.
"""

from tamesu.learn.plan import Plan
from tamesu.learn.progress import Epoch, Tell
from tamesu.learn.target import target_of

__all__ = ["Epoch", "Plan", "Tell", "target_of"]
