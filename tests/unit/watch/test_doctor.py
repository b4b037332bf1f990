"""The doctor says what is wrong and what to do, and raises nothing."""

from __future__ import annotations

import socket

from tamesu.base import NotFound
from tamesu.watch import examine


def findings(tmp_path, port=0, *, answers=False, more=None, folder=None):
    found = examine(
        folder or tmp_path / "data", "127.0.0.1", port, answers=lambda: answers, more=more or {}
    )
    return {finding.check: finding for finding in found}


def test_a_sound_machine_is_well(tmp_path):
    found = findings(tmp_path, more={"driver": lambda: "version 1"})
    assert all(finding.well for finding in found.values())
    assert found["driver"].found == "version 1"
    assert not (tmp_path / "data").exists(), "it looks and does not make"
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_ill_unless_it_is_our_own_server(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stranger = findings(tmp_path, port)["port"]
        ours = findings(tmp_path, port, answers=True)["port"]
    assert not stranger.well
    assert "--port" in stranger.hint
    assert ours.well


def test_a_folder_that_cannot_be_written_is_ill(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    found = findings(tmp_path, folder=in_the_way / "data")["data folder"]
    assert not found.well
    assert found.hint


def test_what_a_check_raises_is_its_finding(tmp_path):
    def missing():
        raise NotFound("there is none", hint="make one")

    found = findings(tmp_path, more={"thing": missing})["thing"]
    assert (found.well, found.found, found.hint) == (False, "there is none", "make one")
