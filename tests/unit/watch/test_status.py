"""What is not as it should be is said, with what to do; what is, is left in peace."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from tamesu.base import Corrupt, Time
from tamesu.watch import (
    Board,
    Life,
    Progress,
    Role,
    RoleStanding,
    Standing,
    StandingFile,
    judge,
    read_standing,
)

NOW = Time.parse("2026-11-22T12:00:00.000000Z")
MINE = os.getpid()
READY = {"ready": True, "checks": {"log": {"ok": True}}}
ROLE = RoleStanding(
    name="server-0",
    pid=42,
    since=Time(NOW - 60_000_000),
    restarts=0,
    last_end=None,
    beat_age_s=0.1,
    ready=True,
    connections=3,
    again_in_s=0.0,
)
STANDING = Standing(
    pid=MINE,
    url="http://127.0.0.1:8000",
    started=Time(NOW - 60_000_000),
    written=Time(NOW - 500_000),
    clock_step_s=0.0,
    roles=[ROLE],
)
TRAINER = Progress(watermark=NOW, watermark_age_s=0.6, read=9, end=10, lag=1, epoch=1)


def changed(of, **values):
    return msgspec.structs.replace(of, **values)


def judged(**given):
    facts = {
        "holder": MINE,
        "standing": STANDING,
        "readiness": READY,
        "trainer": TRAINER,
        "now": NOW,
    }
    return {finding.check: finding for finding in judge(**(facts | given))}


def only_wrong(findings):
    (wrong,) = [finding for finding in findings.values() if not finding.well]
    assert wrong.hint
    return wrong


def of_role(**values):
    return judged(standing=changed(STANDING, roles=[changed(ROLE, **values)]))


def test_what_does_well_is_well():
    found = judged()
    assert all(finding.well for finding in found.values())
    assert list(found) == ["supervisor", "server-0", "server", "learning"]


@pytest.fixture
def dead():
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"beat_age_s": 7.0}, "stands still for 7.0 s"),
        ({"ready": False}, "is not ready"),
        ({"pid": None, "beat_age_s": None, "again_in_s": 1.6}, "tried again in 1.6 s"),
    ],
)
def test_a_role_in_trouble_is_named(values, says):
    wrong = only_wrong(of_role(**values))
    assert wrong.check == "server-0"
    assert says in wrong.found


def test_a_role_that_starts_is_no_trouble():
    found = of_role(beat_age_s=None, ready=False, since=Time(NOW - 1_000_000))["server-0"]
    assert found.well
    assert "starts" in found.found


def test_a_supervisor_that_died_is_to_be_started_again():
    wrong = judged(holder=None, readiness=None)["supervisor"]
    assert not wrong.well
    assert f"process {MINE} died" in wrong.found
    assert "tamesu serve" in wrong.hint


def test_one_whose_roles_outlive_it_too(dead):
    wrong = only_wrong(judged(holder=dead))
    assert "have not all ended" in wrong.found


@pytest.mark.parametrize(
    "standing",
    [None, changed(STANDING, pid=1), changed(STANDING, written=Time(NOW - 6_000_000))],
)
def test_one_that_says_nothing_is_stopped_or_cannot_write(standing):
    wrong = judged(standing=standing)["supervisor"]
    assert not wrong.well
    assert "does not say" in wrong.found


def test_roles_started_by_hand_need_no_supervisor():
    found = judged(holder=None, standing=None)
    assert all(finding.well for finding in found.values())
    assert "by hand" in found["supervisor"].hint


def test_a_clock_that_was_set_is_told():
    assert only_wrong(judged(standing=changed(STANDING, clock_step_s=-3600.0))).found.startswith(
        "the clock was set by -3,600.0 s"
    )


def test_a_server_says_itself_what_it_lacks():
    failing = {"ready": False, "checks": {"log": {"ok": False, "hint": "the disk is full"}}}
    assert only_wrong(judged(readiness=failing)).hint == "log: the disk is full"
    assert only_wrong(judged(readiness=None)).found == "none answers"


def test_a_trainer_is_behind_when_records_wait_for_long():
    assert only_wrong(judged(trainer=changed(TRAINER, watermark_age_s=30.0))).check == "learning"
    idle = changed(TRAINER, watermark_age_s=30.0, lag=0)
    assert judged(trainer=idle)["learning"].well
    assert judged(trainer=None)["learning"].well


def test_what_the_supervisor_writes_is_read_back_and_gone_at_a_good_end(tmp_path):
    board = Board.make(1)
    life = Life(Role("trainer", ["sleep", "1000"], patience_s=1.0), board, 0)
    life.start(dict(os.environ), (), None)
    life.kill_hanging()
    life.mourn("killed by SIGKILL")
    file = StandingFile(tmp_path, "http://[::1]:1")
    assert read_standing(tmp_path) is None
    file.tell([life])
    read = read_standing(tmp_path)
    assert (read.pid, read.url) == (MINE, "http://[::1]:1")
    (role,) = read.roles
    assert (role.name, role.pid, role.last_end.why) == ("trainer", None, "killed by SIGKILL")
    file.remove()
    file.remove()
    assert read_standing(tmp_path) is None
    board.close()


def test_a_disk_that_takes_nothing_costs_this_view_alone(tmp_path):
    gone = tmp_path / "gone"
    file = StandingFile(gone, "http://127.0.0.1:1")
    file.tell([])
    file.tell([])
    gone.mkdir()
    file.tell([])
    assert read_standing(gone).roles == []


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"v":2}', b"[]"])
def test_a_file_that_no_supervisor_wrote_is_refused(tmp_path, data):
    (tmp_path / "supervisor.json").write_bytes(data)
    with pytest.raises(Corrupt, match="must be what a supervisor wrote"):
        read_standing(tmp_path)


def test_moments_are_told_to_the_second():
    found = judged()
    assert found["server-0"].found == "process 42 since 2026-11-22 11:59:00 UTC"
    assert " since 2026-11-22 11:59:00 UTC, " in found["supervisor"].found
