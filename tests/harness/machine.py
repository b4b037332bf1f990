"""A whole installation as people run it: `tamesu serve` in a process of its own, to be mistreated.

Its roles are found as an operator finds them, in what the supervisor tells of itself. Refuses to reach
into a process: signals, files and HTTP are all there is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tamesu.client import Client
from tamesu.watch import read_standing

TAMESU = [sys.executable, "-m", "tamesu"]
USER = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
"""What `unshare` needs besides, where we are not root."""


class Machine:
    """One supervisor and its roles; `start` may be called again after an end.

    Args:
        data: the data folder.
        port: where it listens.
        until: waits for a condition.
        workers: server processes.
        settings: more of them, by name.
        prefix: what runs the command, such as `unshare`; must end by executing it.
        environment: variables besides our own.
    """

    def __init__(self, data, port, until, *, workers=1, prefix=(), environment=None, **settings):
        self.data, self.port, self.workers = Path(data), port, workers
        self.url = f"http://127.0.0.1:{port}"
        self.said = self.data.with_name(f"{self.data.name}-roles.log")
        self._until = until
        self._prefix = list(prefix)
        set_so = {f"TAMESU_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment = {**os.environ, **(environment or {}), **set_so}
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        """Starts it, and returns once a server is ready."""
        command = [*self._prefix, *TAMESU, "serve", "--data", str(self.data), "--json"]
        command += ["--port", str(self.port), "--workers", str(self.workers)]
        with self.said.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, env=self._environment
            )
        with Client(self.url, timeout=30) as client:
            self._until(lambda: self.lives() and client.ready())

    def lives(self):
        """Whether the supervisor does; else the test ends here, with what was said."""
        if self._process is None or self._process.poll() is None:
            return True
        raise AssertionError(f"it ended: {self.messages()[-3000:]}")

    def messages(self):
        """What supervisor and roles have said."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self):
        """The supervisor's process id."""
        return self._process.pid

    def inside(self, path):
        """A path as the supervisor sees it, whose mounts may be its own."""
        return Path(f"/proc/{self.pid}/root{Path(path).absolute()}")

    def roles(self):
        """The living roles: process ids by name."""
        standing = read_standing(self.inside(self.data))
        if standing is None or standing.pid != self.pid:
            return {}
        return {role.name: role.pid for role in standing.roles if role.pid}

    def role(self, name):
        """The process id of a role, once it has one."""
        return self._until(lambda: self.lives() and self.roles().get(name))

    def kill_role(self, name):
        """Ends a role by SIGKILL; gives the process id it had."""
        pid = self.role(name)
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(pid, signal.SIGKILL)
        return pid

    def is_back(self, name, pid):
        """Whether the role has another process than that one."""
        return self.lives() and self.roles().get(name, pid) != pid

    def kill(self):
        """Ends the supervisor by SIGKILL: its roles are left to find out."""
        self._process.kill()
        self._process.wait()

    def end(self):
        """Ends it as an operator does; gives the exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
