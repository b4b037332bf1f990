"""What the parts that need a whole installation share: a supervised server and trainer, and its figures."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamesu.watch import Supervisor
from tamesu.wiring import Settings, supervisor

NAME = "bench"
ARMS = [f"arm-{number:02d}" for number in range(34)]


@dataclass(frozen=True)
class Installation:
    """A server and a trainer at work on `data`, with one bandit."""

    port: int
    data: Path
    watch: Supervisor

    def post(self, path: str, body: Any) -> Any:
        """The answer to a POST of JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            return json.loads(answer.read())

    def report(self) -> dict[str, Any]:
        """The bandit's report."""
        url = f"http://127.0.0.1:{self.port}/v1/bandits/{NAME}/report"
        with urllib.request.urlopen(url, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found


@contextlib.contextmanager
def installation(workers: int = 1, **reward: Any) -> Iterator[Installation]:
    """A fresh installation with a bandit of 34 arms, stopped and removed at the end."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "roles.log").open("wb") as out:
        settings = Settings(data=f"{folder}/data", port=0, workers=workers)
        with supervisor(settings, output=out.fileno()) as (watch, url):
            watch.start()
            here = Installation(int(url.rpartition(":")[2]), settings.folder, watch)
            here.post("/v1/bandits", {"name": NAME, "arms": ARMS, "reward": reward})
            yield here


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmRSS")


def rest(seconds: float) -> None:
    """Lets time pass."""
    time.sleep(seconds)
