"""Policies: what we believe, how we explore, how arms are laid out. State in, distribution out.

`compose` makes a `Policy` of a declaration; a policy prepares a state for choosing and learns from
batches. Pure: refuses input and output, clocks, threads, and any randomness but a decision's own
uniforms. A new belief, explorer or layout is a new file; see `tamesu.policy.contract`.
"""

from tamesu.policy.compose import Policy, compose
from tamesu.policy.contract import Batch
from tamesu.policy.explanation import Explanation, Weighed, explain
from tamesu.policy.fallback import Fallback
from tamesu.policy.kinds import known_kinds, same_part
from tamesu.policy.likeness import alike, apart
from tamesu.policy.prepared import Choice, Choices, Prepared
from tamesu.policy.summary import ArmSummary, Believed
from tamesu.policy.table import Evidence, State

__all__ = [
    "ArmSummary",
    "Batch",
    "Believed",
    "Choice",
    "Choices",
    "Evidence",
    "Explanation",
    "Fallback",
    "Policy",
    "Prepared",
    "State",
    "Weighed",
    "alike",
    "apart",
    "compose",
    "explain",
    "known_kinds",
    "same_part",
]
