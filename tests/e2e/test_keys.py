"""Keys as people use them: a whole installation, its commands, many idle connections."""

import contextlib
import http.client
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from machine import Machine

from tamesu.base import Denied, Throttled, Unidentified
from tamesu.cli.entry import run
from tamesu.client import Client

DECLARATION = {"name": "front", "arms": ["a", "b", "c"], "seed": 3}
MOST_IDLE = 10_000


@pytest.fixture
def keys(tmp_path, capsys, monkeypatch):
    """`tamesu keys …` for the data folder `data`; what it printed."""
    monkeypatch.delenv("TAMESU_KEY", raising=False)

    def command(*words, code=0):
        capsys.readouterr()
        assert run(["keys", *words, "--data", str(tmp_path / "data")]) == code
        out, err = capsys.readouterr()
        return err if code else out.strip()

    return command


@pytest.fixture
def machine(tmp_path, free_port, until):
    """An installation with two servers, not yet started."""
    return Machine(tmp_path / "data", free_port(), until, workers=2)


def code_of(call, *arguments, **options):
    """The class of the error that a call ends with; none if it does not."""
    try:
        call(*arguments, **options)
    except (Denied, Throttled) as error:
        return type(error)
    return None


def test_keys_come_rotate_and_go_while_the_servers_run(machine, keys, until, capsys):
    """The first closes what was open; each change reaches every server within two seconds."""
    secrets = {}
    with machine:
        with Client(machine.url) as client:
            client.create(DECLARATION)
            secrets["admin"] = keys("add", "team", "--scope", "admin")
            until(lambda: code_of(client.bandits) is Unidentified)
        secrets["shop"] = keys("add", "shop", "--scope", "decide", "--scope", "track")

        def statuses(secret):
            """How servers answer a request for a decision, on connections of their own."""
            return {_decide(machine.port, secret) for _ in range(8)}

        until(lambda: statuses(secrets["shop"]) == {200})
        with Client(machine.url, key=secrets["shop"]) as client:
            decided = client.decide("front", unit="u")
            client.track_many([{"delivery_id": decided[0].delivery_id, "type": "click"}])
            assert code_of(client.bandits) is Denied
        secrets["new"] = keys("rotate", "shop", "--grace", "1h")
        until(lambda: statuses(secrets["new"]) == {200})
        assert statuses(secrets["shop"]) == {200}
        secrets["last"] = keys("rotate", "shop", "--grace", "0s")
        until(lambda: statuses(secrets["new"]) == {401})
        until(lambda: statuses(secrets["last"]) == {200})  # both servers know it
        keys("revoke", "shop", "--yes")
        until(lambda: statuses(secrets["last"]) == {401})
        commands = _command_lines()
    messages = machine.said.read_text() + "".join(capsys.readouterr())
    for name, secret in secrets.items():
        random = secret.split("_", 2)[2]
        assert random not in commands, name
        assert random not in messages, name
        for file in machine.data.rglob("*"):
            assert not file.is_file() or random.encode() not in file.read_bytes(), file


def test_the_command_line_and_both_clients_take_the_key_of_the_environment(
    machine, keys, monkeypatch, capsys, until
):
    secret = keys("add", "team", "--scope", "admin", "--scope", "decide")
    with machine:
        listing = ["bandit", "list", "--url", machine.url]
        assert run(listing) == 1
        assert "this needs a key, none was sent" in capsys.readouterr().err
        monkeypatch.setenv("TAMESU_KEY", f"{secret}\n")
        assert run(listing) == 0
        with Client(machine.url) as client:
            assert client.bandits() == []
        with Client(machine.url, key="") as client:
            assert code_of(client.bandits) is Unidentified
        monkeypatch.setenv("TAMESU_KEY", "tamesu_no_secret-of-mine")
        assert run(listing) == 1
        err = capsys.readouterr().err
        assert "valid key" in err
        assert "secret-of-mine" not in err
        # The second server may still be starting.
        until(lambda: run(["status", "--data", str(machine.data)]) == 0)


def test_without_keys_no_other_machine_gets_in(tmp_path, keys, capsys):
    def serve():
        return run(["serve", "--data", str(tmp_path / "data"), "--host", "0.0.0.0"])

    assert serve() == 1
    assert "tamesu keys add" in capsys.readouterr().err
    (tmp_path / "data" / "keys.json").write_text("{")
    assert serve() == 1
    assert "must be a file of keys" in capsys.readouterr().err


def test_with_keys_it_listens_wider_and_asks_everybody(tmp_path, keys, free_port, until):
    secret = keys("add", "shop", "--scope", "admin")
    machine = Machine(tmp_path / "data", free_port(), until, host="0.0.0.0")
    with machine:
        with Client(machine.url) as client:
            assert code_of(client.bandits) is Unidentified
        with Client(machine.url, key=secret) as client:
            assert client.bandits() == []
        (tmp_path / "data" / "keys.json").unlink()
        with Client(machine.url) as client:
            assert code_of(client.bandits) is Unidentified


def test_what_people_see_of_keys(keys, tmp_path):
    assert "open to this machine alone" in keys("list")
    keys("add", "shop", "--scope", "decide", "--rate", "100/s")
    keys("rotate", "shop")
    listed = json.loads(keys("list", "--json"))
    assert listed["closed"] is True
    (shop,) = listed["keys"]
    assert (shop["name"], shop["scopes"], shop["rate"]) == ("shop", ["decide"], 100)
    assert [set(secret) for secret in shop["secrets"]] == [{"id", "made", "until"}] * 2
    table = keys("list")
    assert "100/s" in table
    for rate in ("5", "0/s", "-1/s", "1/m", "1.5/s", "99999999999/s"):
        assert "rate" in keys("add", "x", "--scope", "admin", "--rate", rate, code=2)
    assert "did you mean 'shop'" in keys("revoke", "shopp", "--yes", code=1)
    assert "confirmed" in keys("revoke", "shop", code=2)
    assert "nobody gets in" in keys("revoke", "shop", "--yes")
    assert "nobody gets in" in keys("list")
    path = tmp_path / "data" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_doctor_says_who_else_can_read_the_keys(keys, tmp_path, capsys):
    keys("add", "shop", "--scope", "decide")
    (tmp_path / "data" / "keys.json").chmod(0o644)
    assert run(["doctor", "--data", str(tmp_path / "data"), "--json"]) == 1
    assert "chmod 600" in capsys.readouterr().out


IDLE = """
import resource, socket, sys
port, many = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
said = [b"", b"POST /v1/bandits/front/decisions HTTP/1.1\\r\\nHost: local", b"G"]
held = []
for number in range(many):
    held.append(socket.create_connection(("127.0.0.1", port)))
    held[-1].sendall(said[number % 3])
print("held", flush=True)
sys.stdin.read()
"""


def test_ten_thousand_idle_connections_do_not_stop_decisions(machine, until):
    """Half of a head, one letter, or nothing: all of them held while others decide."""
    many = min(MOST_IDLE, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1_000)
    assert many >= 1_000, "this machine may open too few files for this to say anything"
    with machine:
        with Client(machine.url) as client:
            client.create(DECLARATION)
        command = [sys.executable, "-c", IDLE, str(machine.port), str(many)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
            try:
                assert idle.stdout.readline() == b"held\n"
                for number in range(10):  # each on a connection of its own, past all of those
                    with Client(machine.url, timeout=30.0) as client:
                        decided = client.decide("front", unit=f"u-{number}")
                        told = client.track_many(
                            [{"delivery_id": decided[0].delivery_id, "type": "click"}]
                        )
                        assert told.accepted == 1
            finally:
                idle.kill()


def _decide(port, secret):
    """The status of one request for a decision, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        path = "/v1/bandits/front/decisions"
        connection.request("POST", path, headers={"Authorization": f"Bearer {secret}"})
        return connection.getresponse().status
    finally:
        connection.close()


def _command_lines():
    """What everybody on this machine can see of processes."""
    lines = []
    for process in os.listdir("/proc"):  # noqa: PTH208 - names are all there is
        if process.isdecimal():
            with contextlib.suppress(OSError):
                lines.append(Path(f"/proc/{process}/cmdline").read_bytes())
    return b"\0".join(lines).decode(errors="replace")
