"""Events that could not be delivered, kept in a file until they can be.

```python
try:
    t.close()
except Unsent as unsent:
    save_events("unsent.jsonl", unsent.events)
...
t.track_many(load_events("unsent.jsonl"), partial=True)
```

One event a line, as JSON; it is on the disk when `save_events` returns. Refuses a file that holds
anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tamesu.base import InvalidInput
from tamesu.client.outbound import json_bytes, with_event_id


def save_events(path: str | Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Adds `events` to the file, which is made if it is not there.

    Raises:
        OSError: the disk's.
    """
    lines = b"".join(json_bytes(with_event_id(event)) + b"\n" for event in events)
    with Path(path).open("ab") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


def load_events(path: str | Path) -> list[dict[str, Any]]:
    """The events that a file holds, in the order in which they were saved.

    Raises:
        InvalidInput: a line that is no event, such as one whose writing broke off.
        OSError: the disk's.
    """
    events: list[dict[str, Any]] = []
    for number, line in enumerate(Path(path).read_bytes().splitlines(), 1):
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
            event["delivery_id"], event["type"], event["event_id"]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
            raise InvalidInput(
                f"line {number} of {path} must hold an event as JSON, it does not",
                hint="the lines before it can be kept",
            ) from error
        events.append(event)
    return events
