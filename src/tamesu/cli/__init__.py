"""The command line: `tamesu`, the face for people.

Commands parse words, call a lower room, and print what it gave, as tables or with `--json`. Refuses
to decide, learn or store anything itself, and to load a library before the command that needs it.
"""

from tamesu.cli.entry import main

__all__ = ["main"]
