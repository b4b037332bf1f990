"""`tamesu serve` on a folder, for as long as a test needs it. Refuses to leave a process behind."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serving(folder: Path, port: int, *more: str, within_s: float = 60) -> Iterator[str]:
    """The address at which it answers; Ctrl-C at the end must end it cleanly.

    Args:
        folder: its data lie in `data` there, its messages in `messages`.
        port: to listen on.
        more: further words of the command.
        within_s: how long all of it may take; then it is killed.
    """
    messages = folder / "messages"
    words = ["serve", "--json", "--data", str(folder / "data"), "--port", str(port), *more]
    with messages.open("w") as heard:
        process = subprocess.Popen(
            [sys.executable, "-m", "tamesu", *words],
            stdout=subprocess.PIPE,
            stderr=heard,
            text=True,
        )
    impatient = threading.Timer(within_s, process.kill)
    impatient.start()
    try:
        yield json.loads(process.stdout.readline())["url"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdout.read() == ""
        assert "Traceback" not in messages.read_text()
    finally:
        impatient.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
