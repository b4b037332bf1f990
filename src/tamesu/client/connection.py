"""`Connection`: one request, as many tries as it takes and time allows.

Refuses to retry what a server refused for good, and to give an error as an answer.
"""

from __future__ import annotations

from typing import Any

import httpx2

from tamesu.base import InvalidInput, Unavailable
from tamesu.client.failures import failure
from tamesu.client.outbound import json_bytes
from tamesu.client.retries import Retries

_MOST_PORT = 65_535
_JSON = {"content-type": "application/json"}
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class Connection:
    """Kept-alive connections to one server. Safe from several threads.

    Args:
        url: where it is.
        timeout_s: longest wait for one answer; also said in messages.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._url = url.rstrip("/")
        try:
            parts = httpx2.URL(self._url)
        except httpx2.InvalidURL as error:
            raise _bad_url(url) from error
        host = parts.host
        if not host or parts.scheme not in ("http", "https") or (parts.port or 0) > _MOST_PORT:
            raise _bad_url(url)
        # A proxy of the environment is for other machines.
        nearby = host in ("localhost", "127.0.0.1", "::1")
        self._http = httpx2.Client(trust_env=not nearby, timeout=timeout_s)

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    def ready(self) -> bool:
        """Whether the server is there and ready; asks once."""
        try:
            answer = self._http.get(f"{self._url}/health/ready")
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    def send(self, method: str, path: str, data: Any, retries: Retries) -> bytes:
        """The body of the answer.

        Args:
            method: of HTTP.
            path: with its query.
            data: sent as JSON, unless it is none.
            retries: how often and how long.

        Raises:
            TamesuError: what the server refused, or `Unavailable` after the last try.
            InvalidInput: `data` cannot be said in JSON; nothing was sent.
        """
        content = None if data is None else json_bytes(data)
        headers = None if data is None else _JSON
        while True:
            try:
                answer = self._http.request(
                    method,
                    self._url + path,
                    content=content,
                    headers=headers,
                    timeout=retries.left_s,
                )
            except httpx2.TransportError as error:
                retries.lost_answer = retries.lost_answer or not isinstance(error, _UNSENT)
                if retries.again():
                    continue
                raise self._gone(error) from error
            if answer.status_code < httpx2.codes.BAD_REQUEST:
                return answer.content
            refused = failure(answer.status_code, answer.content, answer.headers.get("retry-after"))
            if not isinstance(refused, Unavailable) or not retries.again(refused.retry_after_s):
                raise refused

    def _gone(self, error: httpx2.TransportError) -> Unavailable:
        return Unavailable(
            f"the server at {self._url} must answer within {self._timeout_s:g} s, it did not "
            f"({type(error).__name__})",
            hint="see that it runs and that the URL is right",
        )


def _bad_url(url: str) -> InvalidInput:
    return InvalidInput(f"url must be like http://localhost:8000, got {url[:200]!r}")
