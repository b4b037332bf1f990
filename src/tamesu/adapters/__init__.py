"""The wing of adapters: each maps one port to one technology.

An adapter imports its driver at module top, so that this room loads nothing until `wiring` asks for
a module of it by name. Driver errors become errors of `tamesu.base` at its edge. Refuses to decide
which adapter is used, and to import a sibling port's adapter.
"""
