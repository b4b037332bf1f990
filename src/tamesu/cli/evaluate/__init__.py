"""`tamesu evaluate`: what a policy that never ran would have earned, out of the log of one that did.

Diagnostics come before numbers, and numbers that are refused are not printed. Refuses to estimate anything itself.
"""

from tamesu.cli.evaluate.command import evaluate

__all__ = ["evaluate"]
