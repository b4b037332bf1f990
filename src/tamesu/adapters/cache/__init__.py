"""Caches: `memory` for one process, `sqlite` for those of one machine.

Refuses to import it until asked for.
"""
