"""Messages of long-running roles: what happened, on stderr, one line each.

For a person on a terminal, else JSON lines for whoever collects them. Refuses to choose what is
worth a message: rooms do.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO, cast


def set_up_messages(*, json: bool = False) -> None:
    """Sends structlog's messages to stderr; as JSON on request or when nobody is looking."""
    import structlog

    person = sys.stderr.isatty() and not json
    renderer = structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if person else "iso", utc=not person),
            structlog.processors.dict_tracebacks,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
    )


class _Stderr:
    """The process's stderr of the moment; a message that cannot be written stops nobody's work.

    A pipe whose reader went away or a full disk behind a redirection must not take a server down.
    """

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
