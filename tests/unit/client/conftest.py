"""A real HTTP server whose answers are written in advance, and both clients to ask it.

`AsyncClient` says the words of `Client`, so it is held to the same tests: `Awaited` says them for it.
"""

import asyncio
import inspect
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tamesu.client import AsyncClient, Client


class Awaited:
    """An `AsyncClient` in an event loop of its own, to be called as a `Client` is."""

    def __init__(self, *args, **options):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        try:
            self._client = self._run(self._make(*args, **options))
        except BaseException:
            self._stop()
            raise

    @staticmethod
    async def _make(*args, **options):
        return AsyncClient(*args, **options)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self, *args, **options):
        if self._thread.is_alive():
            try:
                self._run(self._client.close(*args, **options))
            finally:
                self._stop()

    def _stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, awaitable):
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result()

    @property
    def waiting(self):
        return self._client.waiting

    def __getattr__(self, name):
        method = getattr(self._client, name)

        async def call(*args, **options):
            told = method(*args, **options)
            return await told if inspect.isawaitable(told) else told

        return lambda *args, **options: self._run(call(*args, **options))


@pytest.fixture(params=[Client, Awaited], ids=["threads", "tasks"])
def connect(request):
    """Makes a client of either kind."""
    return request.param


class Scripted:
    """Answers request after request from a list, then always `otherwise`.

    An answer is (status, body, headers), or a function that makes one of what was said; "drop" hangs
    up, "hang" says nothing until `released`.
    """

    def __init__(self):
        self.script = []
        self.asked = []
        self.otherwise = (200, {}, {})
        self.released = threading.Event()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                said = json.loads(body) if body else None
                scripted.asked.append((self.path, said))
                step = scripted.script.pop(0) if scripted.script else scripted.otherwise
                if step == "drop":
                    self.close_connection = True
                    return
                if step == "hang":
                    scripted.released.wait(60)
                    self.close_connection = True
                    return
                status, answer, headers = step(said) if callable(step) else step
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST  # noqa: N815 - the library's name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.stop()
