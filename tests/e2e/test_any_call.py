"""Whatever may be called, as the description says it or just not: the answer is one that it tells of.

Schemathesis makes the calls, a server of a process of its own answers them.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    # Left out: what is valid by its schema may still not hold together (positive_data_acceptance),
    # and without keys everybody is let in (ignored_auth).
]
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 404, 405, 409, 412, 413, 415, 428]

[[operations]]
include-name = "POST /v1/events"
# With `partial` a batch of bad members is a good call that takes none of them.
checks.negative_data_rejection.expected-statuses = [200, 400, 404, 405, 413, 415]
"""


@pytest.fixture(scope="module")
def served():
    spec = importlib.util.spec_from_file_location("examples", SCRIPTS / "examples.py")
    examples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(examples)
    with examples.served() as port:
        assert len(list(examples.retold(port))) > 40  # so that there is something to call
        yield port


def called(port, folder, *options):
    """What Schemathesis found; nothing but its summary where all is well."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run"),
            *(f"http://127.0.0.1:{port}/openapi.json", "--checks", ",".join(CHECKS)),
            *("--request-timeout", "30", "--no-color", "--suppress-health-check", "all"),
            *("--generation-database", "none", "--warnings", "off", *options),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "\n".join(
        line[:500] for line in f"{done.stdout}\n{done.stderr}".splitlines()
    )
    return done.stdout


def test_every_call_is_answered_as_described(served, tmp_path):
    said = called(
        served,
        tmp_path,
        *("--phases", "examples,coverage,fuzzing", "--seed", "7", "--max-examples", "8"),
    )
    assert "No issues found" in said


@pytest.mark.soak
def test_every_call_is_answered_as_described_for_long(served, tmp_path):
    called(
        served,
        tmp_path,
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "300"),
        *("--max-time", "1800"),
    )
