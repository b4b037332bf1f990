"""Indexes: items by their inner product with a query.

Modules: `exact` (looks at every item) and `usearch` (a graph of neighbours; extra `index`). Refuses to import either
until asked for.
"""
