"""Time and identity: the machine's own, and those a test decides.

Modules: `system` (the wall clock, the operating system's randomness) and `manual` (a clock that
stands still until moved, ids that follow from a seed). Refuses to import either until asked for.
"""
