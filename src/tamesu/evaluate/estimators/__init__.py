"""Estimators: what a target policy would have earned, out of the rounds of another one.

Each is one file, one equation, its source; see `tamesu.evaluate.kinds`. Refuses to look at more than a `Contrast`.
"""
