"""Softmax policies over columns, and two towers, climbed by gradients in PyTorch.

Refuses to give anything that needs PyTorch to be used.
"""

from tamesu.learn.gradients.learning import learnt_from
from tamesu.learn.gradients.learnt import Learnt

__all__ = ["Learnt", "learnt_from"]
