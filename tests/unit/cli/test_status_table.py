"""How roles stand, on a terminal of 80 columns."""

from __future__ import annotations

import io

from rich.console import Console

from tamesu.base import Time
from tamesu.cli import status
from tamesu.watch import RoleStanding, Standing


def test_a_role_has_one_line_of_eighty_columns():
    role = RoleStanding(
        name="server-9",
        pid=4_194_304,
        since=Time.parse("2026-11-22T15:11:10.699720Z"),
        restarts=1_000,
        last_end=None,
        beat_age_s=12.5,
        ready=True,
        connections=20_000,
        again_in_s=0.0,
    )
    standing = Standing(
        pid=1,
        url="http://127.0.0.1:8000",
        started=role.since,
        written=role.since,
        clock_step_s=0.0,
        roles=[role],
    )
    out = io.StringIO()
    Console(file=out, width=80).print(status.roles_table(standing))
    (line,) = [line for line in out.getvalue().splitlines() if "server-9" in line]
    assert line.split() == [
        *("server-9", "4194304", "1000", "12.5", "s", "ago", "20000"),
        *("2026-11-22", "15:11:10"),
    ]
