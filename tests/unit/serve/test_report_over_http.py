"""A report over HTTP, by the client and on the command line: the same answer each time."""

import json

import pytest
from typer.testing import CliRunner

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.cli.app import command_line
from tamesu.client import Client

PATH = "/v1/bandits/colours/report"


@pytest.fixture
def archived(serving, declaration):
    """A server with an archive, and one bandit."""
    started = serving(archive=MemoryArchive())
    assert started.post("/v1/bandits", declaration)[0] == 201
    return started


def test_what_was_earned_is_told_where_a_period_is_asked_for(archived, server):
    assert archived.get(PATH)[1]["results"] is None
    status, said = archived.get(f"{PATH}?period=30d")
    assert status == 200
    results = said["results"]
    assert (results["deliveries"], results["arms"], results["delay"]["events"]) == (0, [], 0)
    assert results["compared"]["doubts"] == ["nothing was observed"]
    assert server.get(f"{PATH}?period=30d")[1]["results"] is None  # it has no archive


@pytest.mark.parametrize("period", ["0s", "x", "", "9999d", "1us"])
def test_a_period_that_cannot_be_is_refused(archived, period):
    status, said = archived.get(f"{PATH}?period={period}")
    assert (status, said["code"]) == (400, "invalid-input")


def test_the_client_says_the_same(archived):
    with Client(archived.url) as client:
        told = client.report("colours", "30d")
        moved = client.convergence("colours", window="1h", windows=3, size=1)
    assert told.keys() == archived.get(f"{PATH}?period=30d")[1].keys()
    assert told["results"]["arms"] == []
    assert (moved["window"], moved["size"]) == ("1h", 1)


def test_the_command_says_the_same(archived, tmp_path):
    asked = ["report", "colours", "--url", archived.url]
    shell = CliRunner()
    said = shell.invoke(command_line(), [*asked, "--json"])
    assert said.exit_code == 0
    told = json.loads(said.stdout)
    assert told["results"]["deliveries"] == 0
    assert (told["conservation"]["difference"], told["convergence"]["size"]) == (0, 2)
    words = shell.invoke(command_line(), asked)
    assert words.exit_code == 0
    assert "0 delivered, 0 observed" in words.stdout
    picture = tmp_path / "report.png"
    drawn = shell.invoke(command_line(), [*asked, "--plot", str(picture)])
    assert (drawn.exit_code, picture.stat().st_size > 0) == (0, True)
    refused = shell.invoke(command_line(), [*asked, "--plot", "report.doc"])
    assert refused.exit_code != 0
