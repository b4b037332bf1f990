"""Several objectives, each learnt by itself: what is best is a mixture of arms.

`best_mixtures` finds it, `Several` is what is believed of all objectives at once, and an explorer that has
`over_objectives` explores by them. Refuses to make one number of them before it has to.
"""

from tamesu.policy.objectives.gini import welfare
from tamesu.policy.objectives.index import best_of, index_of
from tamesu.policy.objectives.mixing import Best, MixtureOfDraws, MixtureOfMeans, OverObjectives
from tamesu.policy.objectives.mixture import best_mixtures
from tamesu.policy.objectives.several import MeanFamily, Several

__all__ = [
    "Best",
    "MeanFamily",
    "MixtureOfDraws",
    "MixtureOfMeans",
    "OverObjectives",
    "Several",
    "best_mixtures",
    "best_of",
    "index_of",
    "welfare",
]
