"""What keys cost a decision: processor time of a server that asks for them beside one that does not.

Two installations stand side by side and are asked in turns; the keyed one counts a rate too. It is the
server's own processor time that is compared, a decision, so that whoever else works on the machine
matters little.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from figures import Figure, figure, show
from installation import ARMS, NAME
from load import ring, saturate
from over_http import plain_bodies
from tamesu.base import Scope
from tamesu.client import Client
from tamesu.watch import read_standing
from tamesu.wiring import Settings, open_keys, supervisor

TURNS = 10
SECONDS = 1.0
RATE = 1_000_000
PATH = f"/v1/bandits/{NAME}/decisions"
TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[Figure]:
    """Processor time of a decision with keys, beside that of one without."""
    with contextlib.ExitStack() as stack:
        spent: dict[str, list[float]] = {"open": [], "keyed": []}
        sides = {kind: stack.enter_context(_served(keyed=kind == "keyed")) for kind in spent}
        for turn in range(TURNS + 1):
            for kind, (port, pid, requests) in sides.items():
                before = ticks_of(pid)
                load = saturate(port, requests, SECONDS)
                assert not load.refused, "every decision must be made"
                if turn:  # the first warms up
                    spent[kind].append(1e6 * (ticks_of(pid) - before) / TICKS / load.answered)
                    print(f"{kind}: {spent[kind][-1]:.1f} us", file=sys.stderr)
        pairs = zip(spent["keyed"], spent["open"], strict=True)
        ratio = statistics.median(keyed / plain for keyed, plain in pairs)
        print(f"keyed / open, median of {TURNS} turns: {ratio:.3f}", file=sys.stderr)
        yield figure(
            "processor time of a decision over HTTP, with keys and a rate",
            value=statistics.median(spent["keyed"]),
            unit="µs",
            beside=("without", statistics.median(spent["open"])),
        )


@contextlib.contextmanager
def _served(*, keyed: bool) -> Iterator[tuple[int, int, Iterator[bytes]]]:
    """Port and process of a server with one bandit, and requests that it answers."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "roles.log").open("wb") as out:
        settings = Settings(data=f"{folder}/data", port=0)
        secret = None
        if keyed:
            scopes = [Scope.ADMIN, Scope.DECIDE]
            secret = open_keys(settings).add("bench", scopes, RATE)
        with supervisor(settings, output=out.fileno()) as (watch, url):
            watch.start()
            with Client(url, timeout=60.0, key=secret or "") as client:
                client.create({"name": NAME, "arms": ARMS})
                client.decide(NAME)
            line = b"" if secret is None else f"Authorization: Bearer {secret}\r\n".encode()
            plain = islice(ring(PATH, plain_bodies()), 4096)
            requests = [each.replace(b"Content-Type", line + b"Content-Type", 1) for each in plain]
            standing = read_standing(settings.folder)
            assert standing is not None, "a supervisor tells of itself"
            pid = next(role.pid for role in standing.roles if role.name == "server-0")
            assert pid is not None, "its server runs"
            yield int(url.rpartition(":")[2]), pid, _endless(requests)


def _endless(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def ticks_of(pid: int) -> int:
    """Processor time that a process has had, user's and system's."""
    told = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


if __name__ == "__main__":
    show(measure)
