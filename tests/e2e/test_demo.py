"""`tamesu demo`: a small one, whole; stopped; and without what it needs.

On a data set made here, in the shape of the real one, so that no network is needed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A folder like that of `tamesu data open-bandit`: six arms, three of them good."""
    folder = tmp_path_factory.mktemp("open-bandit")
    (folder / "random").mkdir()
    g = np.random.default_rng(1)
    items, places = np.arange(6_000) % 6, np.arange(6_000) // 6 % 3 + 1
    pl.DataFrame(
        {
            "item_id": items,
            "position": places,
            "click": (g.random(6_000) < np.where(items < 3, 0.30, 0.03)).astype(int),
        }
    ).write_parquet(folder / "random" / "men.parquet")
    (folder / "ATTRIBUTION.txt").write_text("made for a test")
    return folder


def environment(tmp_path: Path, logs: Path | None) -> dict[str, str]:
    mine = {name: text for name, text in os.environ.items() if not name.startswith("TAMESU_")}
    mine |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    mine |= {"TMPDIR": str(tmp_path / "tmp"), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return mine if logs is None else mine | {"TAMESU_OPEN_BANDIT": str(logs)}


def start(tmp_path: Path, logs: Path | None, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tamesu", "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path, logs),
    )


def roles_of(folder: Path) -> list[int]:
    """Processes that run a role on a data folder below `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"run" in words and any(word.startswith(bytes(folder)) for word in words):
                found.append(int(entry.name))
    return found


def left_behind(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "tmp").glob("tamesu-demo-*"))


def test_a_demo_learns_loses_nothing_and_leaves_nothing(tmp_path, logs):
    demo = start(tmp_path, logs, "--seconds", "14", "--rate", "300", "--json")
    out, err = demo.communicate(timeout=100)
    assert demo.returncode == 0, err
    assert err == ""
    told = json.loads(out)
    assert told["decisions"] > 300
    assert told["conservation"]["difference"] == 0
    assert told["agrees"], (told["conservation"], told["sent"])
    assert told["conservation"]["decisions"]["accepted"] == told["decisions"]
    assert sum(told["conservation"]["events"].values()) == told["events"]
    assert told["conservation"]["deliveries"]["observed"] == told["observations"]
    assert told["restarts"] == told["restarts_by_role"]["trainer"] == 1
    # How soon it learns is the machine's affair; in the end it knows which arms are good.
    believed = {arm["arm"]: arm["mean"] for arm in told["arms"]}
    assert min(believed[arm] for arm in "012") > max(believed[arm] for arm in "345")
    assert {"first", "last"} <= told["click_rate"].keys() & told["click_rate_true"].keys()
    assert told["click_rate"]["logged"] < told["click_rate"]["best"]
    assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"]
    # None where the machine was so busy that no decision knew of another.
    fresh = told["freshness_s"]
    assert fresh["p50"] is None or 0 <= fresh["p50"] <= fresh["p95"]
    assert {arm["arm"] for arm in told["arms"]} == set("012345")
    assert not left_behind(tmp_path)
    assert not roles_of(tmp_path)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_stops_its_processes_and_says_so(tmp_path, logs, how):
    demo = start(tmp_path, logs, "--seconds", "60", "--rate", "100")
    deadline = time.monotonic() + 60
    while len(roles_of(tmp_path)) < 2 and demo.poll() is None:
        assert time.monotonic() < deadline
    demo.send_signal(how)
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 130, err
    assert out == ""
    assert "stopped" in err
    assert "Traceback" not in err
    assert not roles_of(tmp_path)
    assert not left_behind(tmp_path)


def test_a_killed_demo_takes_its_processes_with_it(tmp_path, logs):
    demo = start(tmp_path, logs, "--seconds", "60", "--rate", "100")
    deadline = time.monotonic() + 60
    while len(roles_of(tmp_path)) < 2:
        assert demo.poll() is None
        assert time.monotonic() < deadline
    demo.kill()
    demo.communicate(timeout=30)
    while roles_of(tmp_path):
        assert time.monotonic() < deadline


def test_without_data_and_network_it_says_what_to_do(tmp_path):
    demo = start(tmp_path, None)
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert out == ""
    assert "Open Bandit Dataset" in err
    assert "hint: " in err
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_one_clear_message(tmp_path, logs):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(tmp_path, logs, "--port", str(port))
        out, err = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert out == ""
    assert str(port) in err
    assert len(err.splitlines()) == 2
    assert not left_behind(tmp_path)
