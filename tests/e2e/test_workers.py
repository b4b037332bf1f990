"""Several servers behind one port: shared, replaced, told of, and refused where they cannot be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tamesu.base import Unavailable
from tamesu.client import Client
from tamesu.wiring import Settings, status, supervisor

WORKERS = 3
SERVERS = [f"server-{number}" for number in range(WORKERS)]
DECLARATION = {"name": "front", "arms": ["a", "b", "c"], "seed": 3}
TAMESU = [sys.executable, "-m", "tamesu"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory, until):
    """A supervisor over three servers and a trainer; its settings and its address."""
    folder = tmp_path_factory.mktemp("workers")
    patience = pytest.MonkeyPatch()
    patience.setattr("tamesu.wiring.supervision.SERVER_PATIENCE_S", 3.0)
    settings = Settings(data=str(folder / "data"), port=0, workers=WORKERS)
    with (
        (folder / "roles.log").open("wb") as output,
        supervisor(settings, output=output.fileno()) as (watch, url),
    ):
        watch.start()
        with Client(url, timeout=30) as client:
            client.create(DECLARATION)
            until(lambda: status(settings).well)
        yield settings, url, watch
    patience.undo()


def standing(settings):
    """How each role stands, by name."""
    return {role.name: role for role in status(settings).standing.roles}


def shares(settings):
    return [standing(settings)[name].connections or 0 for name in SERVERS]


def test_connections_that_stay_are_shared(installation, until):
    settings, url, _ = installation
    port = int(url.rpartition(":")[2])
    until(lambda: all(standing(settings)[name].ready for name in SERVERS))
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    until(lambda: sum(shares(settings)) >= 30)
    assert min(shares(settings)) >= 5
    for connection in made:
        connection.close()
    until(lambda: sum(shares(settings)) < 10)


def test_every_server_gives_one_request_id_one_decision(installation):
    """Each client has connections of its own, so that some meet other servers."""
    _, url, _ = installation
    clients = [Client(url, timeout=30) for _ in range(9)]
    answers = {client.decide("front", request_id="one").decision_id for client in clients}
    for client in clients:
        client.close()
    assert len(answers) == 1


def test_a_server_that_hangs_is_replaced_and_the_others_answer(installation, until):
    settings, url, watch = installation
    before = watch.restarts["server-1"]
    first = watch.pid("server-1")
    os.kill(first, signal.SIGSTOP)
    # Its siblings take what comes; the few connections that it has not taken yet wait for no one.
    for _ in range(20):
        with Client(url, timeout=30) as client:
            client.decide("front")
    until(lambda: watch.pid("server-1") not in {None, first})
    assert watch.restarts["server-1"] == before + 1
    until(lambda: status(settings).well)
    assert standing(settings)["server-1"].last_end.why.startswith("hung")


def test_servers_killed_one_after_another_lose_no_decision(installation, until):
    settings, url, watch = installation
    stop, failed, decided = threading.Event(), [], []

    def call():
        try:
            with Client(url, timeout=30) as client:
                while not stop.is_set():
                    decided.append(client.decide("front").decision_id)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
            failed.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for name in SERVERS:
        enough = len(decided) + 20
        until(lambda enough=enough: len(decided) >= enough or failed)
        os.kill(until(lambda name=name: watch.pid(name)), signal.SIGKILL)
    enough = len(decided) + 20
    until(lambda: len(decided) >= enough or failed)
    stop.set()
    for caller in callers:
        caller.join()
    assert failed == []
    assert len(decided) == len(set(decided))
    until(lambda: status(settings).well)


def test_a_second_supervisor_is_refused_by_name(installation, tmp_path):
    settings, _, _ = installation
    with (
        pytest.raises(Unavailable, match=f"process {os.getpid()} has"),
        supervisor(Settings(data=settings.data, port=0)),
    ):
        pass


def test_a_server_started_by_hand_beside_them_shares_everything(installation, free_port):
    """On a port of its own, with the same data: the same bandits, decisions and request ids."""
    settings, url, _ = installation
    port = free_port()
    command = [*TAMESU, "run", "server", "--data", settings.data, "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            with (
                Client(url, timeout=30) as ours,
                Client(f"http://127.0.0.1:{port}", timeout=30) as theirs,
            ):
                first = ours.decide("front", request_id="shared")
                assert theirs.decide("front", request_id="shared") == first
        finally:
            process.terminate()
            assert process.wait(30) == 0


def test_memory_alone_is_refused_for_several(tmp_path):
    told = subprocess.run(
        [*TAMESU, "serve", "--workers", "2", "--data", str(tmp_path)],
        env={**os.environ, "TAMESU_CACHE": "memory"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "'memory' is for one worker" in told.stderr


def test_status_of_a_folder_through_its_life(tmp_path, free_port, until):
    """Nothing there, running, killed, started again while its roles still drain, stopped."""
    settings = Settings(data=str(tmp_path / "data"), port=free_port())
    place = ["--data", settings.data, "--port", str(settings.port)]

    def supervise():
        process = subprocess.Popen(
            [*TAMESU, "serve", "--workers", "2", *place],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: status(settings).well)
        return process

    nothing = status(settings)
    assert (nothing.well, nothing.supervisor, nothing.standing) == (False, None, None)
    first = supervise()
    command = [*TAMESU, "status", "--json", *place]

    def well():
        """What it tells once all is well: a worker that has just started may not be ready yet."""
        said = subprocess.run(command, capture_output=True, check=False)
        return json.loads(said.stdout) if said.returncode == 0 else None

    told = until(well)
    assert told["supervisor"] == told["standing"]["pid"] == first.pid
    roles = [role["name"] for role in told["standing"]["roles"]]
    assert roles == ["server-0", "server-1", "trainer"]
    first.kill()
    first.wait(30)
    assert "died" in status(settings).findings[0].found
    second = supervise()
    assert status(settings).supervisor == second.pid
    second.terminate()
    assert second.wait(30) == 0
    after = status(settings)
    assert (after.supervisor, after.standing, after.readiness) == (None, None, None)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
