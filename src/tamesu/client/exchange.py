"""`Exchange`: what a call does, step by step, and nothing of how.

A call is a generator: it yields a step, is sent the step's outcome, and returns what the call gives.
`Client` and `AsyncClient` take the same steps, the one with threads and the other with tasks; all that
they decide is decided here and in `calls` and `flushing`, once. Refuses to touch a socket or to sleep.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeAlias, TypeVar

from tamesu.base import InvalidInput, Unavailable
from tamesu.client.failures import failure
from tamesu.client.retries import Retries

T = TypeVar("T")

MOST_PATH = 32_768
"""Most characters of a path: as many as a server reads."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values that go with a request, beside those that every request has."""


class Try(NamedTuple):
    """One request to the server; its outcome is an `Answer`, or `Unanswered`."""

    method: str
    path: str
    content: bytes | None
    timeout_s: float
    headers: Headers = ()


class Pause(NamedTuple):
    """Nothing, for that many seconds."""

    seconds: float


class Idle(NamedTuple):
    """Nothing until somebody rings the bell, or that many seconds have passed; none: for ever."""

    seconds: float | None


class Answer(NamedTuple):
    """What a server said.

    Attributes:
        retry_after: the header of that name.
    """

    status: int
    body: bytes
    retry_after: str | None = None


class Unanswered(NamedTuple):
    """No answer came.

    Attributes:
        cause: what the network said.
        url: of the server.
        is_sent: whether the request may have reached it.
    """

    cause: Exception
    url: str
    is_sent: bool


Exchange: TypeAlias = Generator[Try | Pause | Idle, Answer | Unanswered | None, T]


def attempt(
    method: str, path: str, content: bytes | None, retries: Retries, headers: Headers = ()
) -> Exchange[bytes]:
    """The body of the answer to one request, tried once.

    Raises:
        InvalidInput: the names in `path` are too long to be sent.
        TamesuError: what the server refused; `Unavailable` where none answered.
    """
    if len(path) > MOST_PATH:
        raise InvalidInput(
            f"names in a path may take {MOST_PATH:,} characters, percent-encoded, got {len(path):,}: "
            f"{path[:40]!r}…"
        )
    outcome = yield Try(method, path, content, retries.try_s(), headers)
    if isinstance(outcome, Answer):
        if outcome.status // 100 == 2:  # noqa: PLR2004 - HTTP: it is done
            return outcome.body
        raise failure(outcome.status, outcome.body, outcome.retry_after)
    if isinstance(outcome, Unanswered):
        retries.lost_answer = retries.lost_answer or outcome.is_sent
        raise Unavailable(
            f"the server at {outcome.url} must answer within {round(retries.timeout_s, 3):g} s, it did not "
            f"({type(outcome.cause).__name__})",
            hint="see that it runs and that the URL is right",
            retry_after_s=0.0,
        ) from outcome.cause
    raise TypeError(f"a try has an answer or none, got {outcome!r}")


def insist(
    method: str, path: str, content: bytes | None, retries: Retries, headers: Headers = ()
) -> Exchange[bytes]:
    """The body of the answer to one request, tried as often as it takes and time allows.

    Raises:
        TamesuError: what the server refused, or `Unavailable` after the last try.
    """
    while True:
        try:
            return (yield from attempt(method, path, content, retries, headers))
        except Unavailable as error:
            wait_s = retries.wait_s(error.retry_after_s)
            if wait_s is None:
                raise
        yield Pause(wait_s)
