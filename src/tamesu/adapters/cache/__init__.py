"""Caches: `memory` for one process.

Refuses to import it until asked for.
"""
