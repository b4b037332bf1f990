"""Families of posteriors, one module each: densities and distribution functions.

Refuses to know how a posterior was learnt, or what is asked of it.
"""
