"""Servers as processes, over the SQLite log, to be stopped, killed and started again."""

import subprocess
import sys

import pytest

from tamesu.wiring import Settings, open_log


class Server:
    """`tamesu run server` in a process of its own."""

    def __init__(self, data, port):
        command = "import sys; from tamesu.wiring import Settings, run_server; run_server("
        command += "Settings(data=sys.argv[1], port=int(sys.argv[2])), "
        command += "on_ready=lambda: print('ready', flush=True))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, str(data), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line == "ready\n":
                break
        else:
            self.process.stdout.close()
            self.process.wait(30)
            raise AssertionError("".join(said))

    def end(self, how):
        """Ends it with a signal; the exit code."""
        self.process.send_signal(how)
        self.process.stdout.read()
        return self.process.wait(30)


@pytest.fixture
def place(tmp_path, free_port):
    """A data folder and a free port; whatever still runs there at the end is killed."""
    started = []

    class Place:
        data = tmp_path / "data"
        port = free_port()
        url = f"http://127.0.0.1:{port}"

        def start(self, data=None):
            started.append(Server(data or self.data, self.port))
            return started[-1]

        def entries(self, kind):
            log = open_log(Settings(data=str(self.data)))
            try:
                return [entry for entry in log.read(0, 0, 10_000_000) if entry.kind == kind]
            finally:
                log.close()

    yield Place()
    for server in started:
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
