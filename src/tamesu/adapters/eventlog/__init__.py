"""Event logs: `memory` for one process, `sqlite` for one machine.

Refuses to import either until asked for.
"""
