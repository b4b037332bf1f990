"""Intervals: between which values the truth lies, with a confidence that is shown by simulation.

Each is one file: a function of a `Statistic`, of clusters, and of what it asks for besides. Refuses to
know which estimator it is.
"""
