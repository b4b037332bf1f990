"""What every test run obeys.

- Hypothesis is seeded by the test itself, so that a run means the same everywhere; `make soak` sets
  TAMESU_TEST_PROFILE=soak, which draws anew each time and many times as often.
- Linear algebra has one thread, as in servers: matrices here are small, and threads that wait for each
  other on a busy machine cost more than all the rest.
- With TAMESU_CI=1 a skipped test fails the run: a missing service or package must not look green.
"""

from __future__ import annotations

import os
import signal
import socket
import threading

import pytest
import structlog
from hypothesis import HealthCheck, settings

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when NumPy is loaded, which is when tamesu is
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,  # the machine is shared; slowness is measured in bench/, never here
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    parent=settings.get_profile("default"),
    derandomize=False,
    max_examples=2_000,
    print_blob=True,
)
settings.load_profile(os.environ.get("TAMESU_TEST_PROFILE", "default"))

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell's background jobs are deaf to Ctrl-C, and so would be all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)

MOST_S = 60.0
"""How long something may take to come true; a sound machine needs a hundredth of it."""

_skipped: list[str] = []


@pytest.fixture(autouse=True)
def _messages_as_they_come():
    """Takes back what a command run within this process did to the messages."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def until():
    """Waits for a condition to give something true, and gives that; unavailable is not yet."""
    from tamesu.base import Unavailable  # noqa: PLC0415 - it loads NumPy

    def wait(condition):
        pause, waited = threading.Event(), 0.0
        while waited < MOST_S:
            try:
                if found := condition():
                    return found
            except Unavailable:
                pass
            pause.wait(0.02)
            waited += 0.02
        raise AssertionError(f"not true within {MOST_S:g} s")

    return wait


@pytest.fixture(scope="session")
def free_port():
    """Gives ports on which nobody listens."""

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes each skip; under xdist the controller hears of the workers' too."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        _skipped.append(f"{report.nodeid}: {reason}")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Notes each module that skipped itself whole."""
    if report.skipped:
        _skipped.append(f"{report.nodeid}: {report.longrepr}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turns skips into a failure where nothing may be missing."""
    if _skipped and _in_ci() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which tests did not run, and why."""
    if _skipped:
        verdict = "not allowed in CI" if _in_ci() else "not run on this machine"
        terminalreporter.section(f"{len(_skipped)} skipped: {verdict}", red=_in_ci())
        for line in _skipped:
            terminalreporter.write_line(line)


def _in_ci() -> bool:
    return os.environ.get("TAMESU_CI") == "1"
