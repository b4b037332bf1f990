"""The stage: a supervisor over real processes on a folder of its own, and what is done to them.

Refuses to leave anything behind: processes are stopped however the demo ends, and a temporary folder
is removed with them.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import structlog

from tamesu.base import Unavailable
from tamesu.cli.patience import uninterrupted
from tamesu.client import Client
from tamesu.wiring import load_settings, supervisor

READY_S = 30.0
"""A server is ready within a second or two; a machine under load may take its time."""

POLL_S = 0.05


def _nothing() -> None:
    """Nothing is asked."""


class Stage:
    """Server and trainer, running.

    Args:
        data: folder to use; a temporary one without, removed at the end.
        port: to listen on; a free one without.
        check: asked again and again while it waits; what it raises ends that.
    """

    def __init__(
        self, data: Path | None, port: int | None, check: Callable[[], None] = _nothing
    ) -> None:
        self._check = check
        self.is_temporary = data is None
        self.folder = Path(tempfile.mkdtemp(prefix="tamesu-demo-")) if data is None else data
        self._messages: TextIO | None = None
        self._held = ExitStack()
        try:
            self._messages = self._open_messages()
            settings = load_settings(
                {"data": str(self.folder), "host": "127.0.0.1", "port": port or 0}
            )
            with uninterrupted():
                self._supervisor, self.url = self._held.enter_context(
                    supervisor(settings, output=self._messages.fileno())
                )
        except BaseException:
            self._clear()
            raise

    def __enter__(self) -> Self:
        try:
            with uninterrupted():
                self._supervisor.start()
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with uninterrupted():
            self._held.close()
            self._clear()

    @property
    def messages(self) -> Path:
        """Where the processes write what they have to say."""
        return self.folder / "messages.log"

    @property
    def last_message(self) -> str:
        """The newest thing that a process had to say."""
        lines = self.messages.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1][:500] if lines else "nothing"

    @property
    def restarts(self) -> dict[str, int]:
        """How often each role was started again."""
        return self._supervisor.restarts

    def kill(self, role: str) -> bool:
        """Kills a role with SIGKILL; false if it was not there to be killed."""
        process = self._supervisor.pid(role)
        if process is None:
            return False
        os.kill(process, signal.SIGKILL)
        return True

    def _open_messages(self) -> TextIO:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            opened = self.messages.open("a", encoding="utf-8")
        except OSError as error:
            raise Unavailable(
                f"the data folder {str(self.folder)!r} must be writable, it is not: "
                f"{error.strerror}",
                hint="choose another with --data",
            ) from error
        structlog.configure(
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
            logger_factory=structlog.WriteLoggerFactory(opened),
        )
        return opened

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        with Client(self.url) as client:
            while not client.ready():
                self._check()
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"the server must be ready within {READY_S:g} s, it is not",
                        hint=f"what it says: {self.last_message}",
                    )
                time.sleep(POLL_S)

    def _clear(self) -> None:
        if self._messages is not None:
            structlog.reset_defaults()
            self._messages.close()
            self._messages = None
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)
