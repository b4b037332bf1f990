"""What every test run obeys.

- Hypothesis is seeded by the test itself, so that a run means the same everywhere; `make soak` sets
  TAMESU_TEST_PROFILE=soak, which draws anew each time and many times as often.
- With TAMESU_CI=1 a skipped test fails the run: a missing service or package must not look green.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

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

_skipped: list[str] = []


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
