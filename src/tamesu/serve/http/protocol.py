"""HTTP as uvicorn speaks it, but for what is no HTTP: that is refused as a problem, like all else.

Refuses to guess what was meant: the connection ends with the answer.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tamesu.base import InvalidInput
from tamesu.ports import Meter
from tamesu.serve.http.problem import MEDIA_TYPE, problem


def speaking(meter: Meter) -> type[HttpToolsProtocol]:
    """The protocol of a server whose `meter` takes `refused_total`."""

    class Speaking(HttpToolsProtocol):
        """One connection."""

        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - says no more than that
            """Refuses what could not be read."""
            error = InvalidInput(
                "a request must be HTTP/1.1 or 1.0, what came is not",
                hint="look at the client, or at what stands between it and this server",
            )
            meter.count("refused_total", code=error.code)
            status, body, _ = problem(error)
            head = (
                b"HTTP/1.1 %d Bad Request\r\ncontent-type: %s\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n"
            )
            self.transport.write(head % (status, MEDIA_TYPE, len(body)) + body)
            self.transport.close()

    return Speaking
