"""`trace`: where an error that is not ours came from, for the server's own messages.

Refuses to show values: neither locals nor the error's own text, which may repeat what a user sent.
"""

from __future__ import annotations

import traceback


def trace(error: BaseException) -> str:
    """The kind of `error` and the places it passed through, innermost last."""
    places = traceback.extract_tb(error.__traceback__)
    lines = [f"{place.filename}:{place.lineno} {place.name}" for place in places]
    return "\n".join([type(error).__name__, *lines])
