"""`tamesu simulate`: what a bandit as declared would lose, in worlds whose truth is known.

Worlds by name, runs side by side, a summary. Refuses to speak to a server: nothing here is recorded.
"""

from tamesu.cli.simulate.command import simulate

__all__ = ["simulate"]
