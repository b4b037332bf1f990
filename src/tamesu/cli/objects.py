"""`read_object`: a JSON object out of one word of a command line. Refuses whatever else JSON can be."""

from __future__ import annotations

from typing import Any

EXAMPLES = {"--context": '{"device": "ios"}', "--features": '{"genre": "tea"}'}


def read_object(text: str, option: str) -> dict[str, Any]:
    """The JSON object that `text` spells out, given for `option`.

    Raises:
        InvalidInput: it is none, or a key stands twice in it.
    """
    import json

    from tamesu.base import InvalidInput
    from tamesu.base.shapes import once

    example = EXAMPLES.get(option, '{"price": 2.5}')
    try:
        data = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{option} must be a JSON object: {error}", hint=f"for example  {option} '{example}'"
        ) from error
    if not isinstance(data, dict):
        raise InvalidInput(f"{option} must be a JSON object, got {type(data).__name__}")
    return data
