"""Messages that go to a file are turned over beneath a running installation."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import Machine

from tamesu.client import Client

SHIPPED = Path(__file__).resolve().parents[2] / "deploy/logrotate/tamesu"


@pytest.fixture
def logrotate():
    found = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip("no logrotate: scripts/test_services.sh installs it")
    return found


def test_messages_go_on_in_an_emptied_file_and_none_before_is_lost(
    logrotate, tmp_path, free_port, until
):
    folder = tmp_path / "messages"
    folder.mkdir(mode=0o755)
    with Machine(folder / "data", free_port(), until) as machine, Client(machine.url) as client:
        client.create({"name": "shop", "arms": ["a", "b"]})
        client.freeze("shop")
        until(lambda: "freeze" in machine.messages())
        before, roles = machine.messages(), machine.roles()
        rules = re.sub(r"^/\S+", f"{machine.said}", SHIPPED.read_text(), flags=re.MULTILINE)
        (tmp_path / "rules").write_text(rules)
        (tmp_path / "rules").chmod(0o644)
        subprocess.run(
            [logrotate, "--force", "--state", tmp_path / "state", tmp_path / "rules"],
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        kept = machine.said.with_name(f"{machine.said.name}.1")
        assert kept.read_text().startswith(before)
        client.resume("shop")
        until(lambda: "resume" in machine.messages())
        assert "\x00" not in machine.messages(), (
            "written behind a hole: the file was not appended to"
        )
        assert "freeze" not in machine.messages()
        assert machine.roles() == roles, "nobody was started again"
