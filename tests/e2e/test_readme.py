"""The README's tour and the first tutorial, taken literally: every block is run as it stands.

The tutorial is followed by a stranger: in a clone of what is committed here, in an empty folder, with
an environment that `make install` makes there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent
DECLARED = "http://localhost:8000"
SOON_S = 30.0
INSTALL_S = 600


def blocks(page):
    """Language and text of each block of a page."""
    return FENCE.findall((ROOT / page).read_text(encoding="utf-8"))


class Visitor:
    """Somebody who follows a page: a folder, a terminal, and a server in another one."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.environment = {
            "PATH": os.defpath,
            "TAMESU_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        self.server = None
        self.answers = []

    def follow(self, page):
        """Does what each block says, in order."""
        for language, text in blocks(page):
            if language == "yaml":
                (self.folder / "banner.yaml").write_text(text, encoding="utf-8")
            elif language == "python":
                self.python(text)
            elif language == "sh":
                for line in text.splitlines():
                    self.type(line.split("#")[0].strip())

    def type(self, line):
        """Types one line into the terminal."""
        words = shlex.split(line)
        if not words:
            return
        if words[0] == "make":
            self.make(words[1:])
            return
        if words == [".", ".venv/bin/activate"]:
            self.environment["PATH"] = os.pathsep.join([str(self.installed), os.defpath])
            return
        assert words[0] == "tamesu", line
        if words[1] == "serve":
            self.serve()
            return
        if "DELIVERY_ID" in words:
            given = json.loads(self.answers[-1])["deliveries"][0]["delivery_id"]
            words[words.index("DELIVERY_ID")] = given
        self.answers.append(self.run(words))

    def make(self, targets):
        """Nothing: this very test is run by `make test`, in an environment that is there."""

    @property
    def installed(self):
        """Where the commands are."""
        return BIN

    def python(self, text):
        """Runs a block of Python, with the server's real address in place of the usual one."""
        text = text.replace(DECLARED, f"http://localhost:{self.port}")
        self.answers.append(self.run(["python", "-c", text]))

    def run(self, command):
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self):
        """Starts the server in its own terminal, and reads until it listens."""
        self.server = subprocess.Popen(
            ["tamesu", "serve"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        said = ""
        for line in self.server.stdout:
            said += line
            if str(self.port) in line:
                return
        pytest.fail(f"tamesu serve ended before it listened:\n{said}")

    def learnt(self, bandit, observations):
        """The report of a bandit, as soon as it has learnt so much."""
        deadline = time.monotonic() + SOON_S
        while time.monotonic() < deadline:
            told = json.loads(self.run(["tamesu", "bandit", "show", bandit, "--json"]))
            if told["report"]["observations"] >= observations:
                return told
        pytest.fail(
            f"{bandit} learnt fewer than {observations} observations in {SOON_S:g} s: {told}"
        )

    def leave(self):
        """Ctrl-C in the server's terminal, which must end cleanly."""
        if self.server is None:
            return
        self.server.send_signal(signal.SIGINT)
        said, _ = self.server.communicate(timeout=30)
        assert self.server.returncode in (0, 130), said
        assert "Traceback" not in said


class Stranger(Visitor):
    """Somebody who has nothing but a clone: installs what they use."""

    @property
    def installed(self):
        return self.folder / ".venv" / "bin"

    def make(self, targets):
        """Really does it, with this machine's way to the packages."""
        assert targets == ["install"]
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TAMESU_", "MAKE", "VENV", "ARGS"))  # of the make around us
        }
        done = subprocess.run(
            ["make", *targets],
            cwd=self.folder,
            env=environment | {"PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_S,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture
def stranger(tmp_path, free_port):
    """A stranger in an empty folder, with a clone of what is committed here."""
    clone = ["git", "-c", "safe.directory=*", "clone", "--quiet", str(ROOT), "tamesu"]
    subprocess.run(clone, cwd=tmp_path, check=True, timeout=60)
    yield from visiting(Stranger(tmp_path / "tamesu", free_port()))


@pytest.fixture
def visitor(tmp_path, free_port):
    """A visitor in an empty folder, to whom the commands are there already."""
    yield from visiting(Visitor(tmp_path, free_port()))


def visiting(somebody):
    """Whoever it is leaves when the test ends, and takes the server along whatever happened."""
    yield somebody
    if somebody.server is not None and somebody.server.poll() is None:
        os.killpg(somebody.server.pid, signal.SIGKILL)
        somebody.server.communicate()


def test_the_tour_of_the_readme_is_true(visitor):
    visitor.follow("README.md")
    shown = visitor.learnt("home-banner", 2)
    assert {arm["arm"] for arm in shown["report"]["arms"]} == {"spring", "summer", "autumn"}
    assert shown["conservation"]["difference"] == 0
    visitor.leave()


@pytest.mark.timeout(INSTALL_S + 120)
def test_the_first_tutorial_is_true(stranger):
    """Ids are drawn, so the arms are: 300 against 60 clicks in a thousand are 8 deviations apart,
    and the best arm is mistaken less than once in 10^15 runs.
    """
    stranger.follow("docs/tutorials/first-bandit.md")
    shown = stranger.learnt("home-banner", 1000)
    best = max(shown["report"]["arms"], key=lambda arm: arm["share"])
    assert best["arm"] == "autumn"
    assert shown["conservation"]["difference"] == 0
    stranger.leave()
