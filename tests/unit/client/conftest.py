"""A real HTTP server whose answers are written in advance: what a client does with each."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Scripted:
    """Answers request after request from a list, then always `otherwise`.

    An answer is (status, body, headers), or a function that makes one of what was said; "drop" hangs
    up, "hang" says nothing until `released`.
    """

    def __init__(self):
        self.script = []
        self.asked = []
        self.heads = []
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
                scripted.heads.append((self.command, self.headers.get("if-match")))
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

            do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the library's names

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
