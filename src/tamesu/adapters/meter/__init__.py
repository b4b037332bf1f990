"""Meters: `prometheus` for a scrape, `memory` for tests. `metrics` is the table of every metric.

Refuses to import either until asked for.
"""
