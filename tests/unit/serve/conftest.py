"""A real server on a free port of this machine, over adapters in memory, for the tests of `serve`."""

import asyncio
import json
import threading
import urllib.error
import urllib.request

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.cache.memory import MemoryCache
from tamesu.adapters.clock.system import SystemClock, SystemIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.features.memory import MemoryFeatures
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Unavailable
from tamesu.engine import ProcessEngine
from tamesu.serve import Service
from tamesu.serve.http import listen, run
from tamesu.watch import Seat

DECLARATION = {
    "name": "colours",
    "arms": ["red", "green", "blue", "black"],
    "layout": {"kind": "slate", "size": 2},
    "reward": {"window": "3s", "lateness": "1s"},
    "seed": 7,
}


class GatedLog:
    """A real log whose appends wait while its gate is closed, and fail while it is broken."""

    def __init__(self, log):
        self._log = log
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.broken = False
        self.unreadable = False
        self.sizes = []

    def append(self, drafts):
        self.entered.set()
        assert self.gate.wait(30)
        if self.broken:
            raise Unavailable("the disk is full")
        receipts = self._log.append(drafts)
        self.sizes.append(len(drafts))
        return receipts

    def read(self, partition, offset, most):
        if self.unreadable:
            raise Unavailable("the log cannot be read")
        return self._log.read(partition, offset, most)

    def shut(self):
        """Closes the gate, and returns once an append waits at it (a tick, at the latest)."""
        self.gate.clear()
        self.entered.clear()
        assert self.entered.wait(10)

    def entries(self, kind=None):
        """What is in the log, without ticks."""
        return [
            entry
            for entry in self._log.read(0, 0, 1_000_000)
            if entry.kind != "tick" and kind in (None, entry.kind)
        ]

    def __getattr__(self, name):
        return getattr(self._log, name)


class Running:
    """A service behind HTTP in a thread of its own."""

    def __init__(self, ports, guard=None, patience=None, **options):
        self.ports = ports
        self.meter = ports["meter"]
        self._guard, self._patience = guard, patience
        self.service = Service(**ports, **options)
        self._listener = listen("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _run(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.drained = await run(
            self.service,
            self._listener,
            Seat.take(),
            guard=self._guard,
            patience=self._patience,
            bench=True,
            on_ready=self._ready.set,
            stop=self._stop,
        )

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def call(self, method, path, body=None, *, raw=None, headers=None):
        """Status, body (as data where it is JSON) and headers of one request."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if data is not None else {}
        request = urllib.request.Request(
            self.url + path, data, {**sent, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, _read(answer), answer.headers
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, _read(answer), answer.headers

    @property
    def log(self):
        return self.ports["log"]

    def entries(self, kind):
        """The log's records of that kind."""
        entries = self.log.read(0, 0, 1_000_000)
        return [entry for entry in entries if entry.kind == kind]

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)[:2]

    def get(self, path):
        return self.call("GET", path)[:2]


class Trainer:
    """A trainer over a server's ports, in a thread of its own, and over an archive."""

    def __init__(self, ports, archive):
        self._engine = ProcessEngine(
            ports["log"],
            ports["store"],
            archive,
            ports["clock"],
            ports["meter"],
            holder="trainer",
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._engine.run, args=[self._stop])
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()


def _read(answer):
    body = answer.read()
    return json.loads(body) if "json" in answer.headers.get("content-type", "") and body else body


def ports_in_memory(**others):
    clock = SystemClock()
    return {
        "log": MemoryEventLog(clock=clock),
        "store": MemoryStore(),
        "cache": MemoryCache(),
        "features": MemoryFeatures(),
        "clock": clock,
        "ids": SystemIds(),
        "meter": MemoryMeter(),
        **others,
    }


@pytest.fixture
def log():
    """A log whose appends can be held and broken."""
    return GatedLog(MemoryEventLog(clock=SystemClock()))


@pytest.fixture
def gated():
    """Makes a log of which appends can be held and broken, over any other."""
    return GatedLog


@pytest.fixture
def memory():
    """Makes ports in memory; any may be given instead."""
    return ports_in_memory


@pytest.fixture
def serving():
    """Starts servers; each is stopped when the test is over."""
    running = []

    def start(options=None, guard=None, patience=None, **others):
        ports = ports_in_memory(**others)
        running.append(Running(ports, guard, patience, **(options or {})))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def server(serving):
    """One server with one bandit."""
    started = serving()
    assert started.post("/v1/bandits", DECLARATION)[0] == 201
    return started


@pytest.fixture
def training():
    """Starts trainers over the ports of servers; each is stopped when the test is over."""
    started = []

    def start(server, archive=None):
        started.append(Trainer(server.ports, MemoryArchive() if archive is None else archive))
        return started[-1]

    yield start
    for trainer in started:
        trainer.stop()


@pytest.fixture
def trainer(server, training):
    """A trainer beside that server."""
    return training(server)


@pytest.fixture
def declaration():
    """A slate of two of four colours."""
    return DECLARATION
