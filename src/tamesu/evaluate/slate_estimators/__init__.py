"""Estimators of slates: what a target policy's slates would have earned, out of those of another one.

Each is one file, one equation, its source; see `tamesu.evaluate.slate_kinds`. What a slate earns is the sum of what
its positions earn. They differ in what may change the reward at a position: any arm of the slate, those above and
the one there, or that one alone. Refuses to look at more than a `SlateContrast`.
"""
