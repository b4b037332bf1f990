"""Combinations: one option of each slot, found by search where no one could list them all.

`Space` knows which combinations there are, `Among` counts those that may be chosen, and `Combining`
chooses. Refuses to enumerate: all costs are in slots, options and pairs of these.
"""

from tamesu.policy.combination.combiner import ALL, Combiner, Spelt
from tamesu.policy.combination.combining import Combining
from tamesu.policy.combination.fallback import CombinedFallback
from tamesu.policy.combination.finding import finding_of
from tamesu.policy.combination.space import Among, Space

__all__ = [
    "ALL",
    "Among",
    "CombinedFallback",
    "Combiner",
    "Combining",
    "Space",
    "Spelt",
    "finding_of",
]
