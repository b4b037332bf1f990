"""Training: observations become evidence, evidence is absorbed into a state, a state is numbered.

Pure functions over `tamesu.policy`. Refuses to join, to store and to know what time it is.
"""

from tamesu.train.learn import learn
from tamesu.train.lesson import Learnt, prior, teach
from tamesu.train.pending import Pending

__all__ = ["Learnt", "Pending", "learn", "prior", "teach"]
