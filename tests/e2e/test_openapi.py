"""The description of the API holds of a real server: its examples, its shapes, its pages."""

import http.client
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from openapi_spec_validator import validate

from tamesu.serve.http import application
from tamesu.serve.http.openapi import OPERATIONS, document
from tamesu.serve.http.openapi.examples import story

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
BY_ID = {one.id: one for one in OPERATIONS}
TIMED = {"freshness_s", "learning_delay_s"}
"""Of what was measured meanwhile: a number or nothing."""


@pytest.fixture(scope="module")
def examples():
    spec = importlib.util.spec_from_file_location("examples", SCRIPTS / "examples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def served(examples):
    with examples.served() as port:
        yield port


@pytest.fixture(scope="module")
def told(examples, served):
    """Every example beside itself told by a server of now."""
    return list(zip(story(), examples.retold(served), strict=True))


@pytest.fixture(scope="module")
def described():
    return document()


def fetched(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type"), answer.read(), answer.headers
    finally:
        connection.close()


def holds(described, schema, value):
    """Raises unless `value` is what `schema` of the description says."""
    whole = {**schema, "components": described["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def shape(value, path=""):
    """What kind of thing a value is, its names and its first member; numbers are numbers."""
    if isinstance(value, dict):
        return {name: shape(one, name) for name, one in value.items() if name not in TIMED}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return "number" if isinstance(value, int | float) and value is not True else type(value)


def test_it_is_valid_openapi(described):
    validate(described)
    assert described["openapi"].startswith("3.1")


def test_a_server_answers_it(served, described):
    status, kind, body, _ = fetched(served, "/openapi.json")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == json.loads(json.dumps(described))


def test_every_operation_has_an_example_that_succeeds():
    shown = {one.operation for one in story() if one.status < 400}
    assert BY_ID.keys() - shown == {"metrics"}


def test_every_example_is_answered_as_it_stands_in_the_description(told):
    assert len(told) > 40
    for then, now in told:
        at = f"{then.operation}: {then.title}"
        assert (at, now.status) == (at, then.status), now.answer
        assert (at, shape(now.answer)) == (at, shape(then.answer))


def test_every_answer_is_what_its_schema_says(described, told):
    for _, now in told:
        operation = BY_ID[now.operation]
        answers = described["paths"][operation.path][operation.method]["responses"]
        (content,) = answers[str(now.status)]["content"].values()
        holds(described, content["schema"], now.answer)


def test_every_body_of_an_example_that_succeeds_is_what_its_schema_says(described):
    sent = [one for one in story() if one.body is not None and one.status < 300]
    assert len(sent) > 10
    for one in sent:
        operation = BY_ID[one.operation]
        body = described["paths"][operation.path][operation.method]["requestBody"]
        holds(described, body["content"]["application/json"]["schema"], one.body)


def test_the_pages_fetch_nothing_from_elsewhere(served):
    status, kind, body, headers = fetched(served, "/docs")
    page = body.decode()
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["content-security-policy"]
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(linked) >= 4
    for link in linked:
        assert not re.match(r"[a-z]+:|//", link), link
        assert fetched(served, f"/{link}")[0] == 200, link
    for strange in ("swagger-editor.js", "..%2f__init__.py", "%2e%2e/utils.py"):
        assert fetched(served, f"/docs/{strange}")[0] == 404, strange


def test_a_browser_shows_the_operations(served, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium on this machine")
    shown = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom"),
            f"http://127.0.0.1:{served}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    ).stdout
    assert "Make a decision" in shown, shown[-2000:]
    for operation in OPERATIONS:
        assert f"operations-{operation.tag}-{operation.id}" in shown
    assert "Unable to render" not in shown


def test_every_route_is_described_and_no_other():
    routes = application(SimpleNamespace(meter=None)).routes
    served = {
        (method.lower(), re.sub(":[a-z]+}", "}", route.path))
        for route in routes
        for method in set(route.endpoint._methods) - {"HEAD"}
        if not route.path.startswith(("/docs", "/openapi"))
    }
    assert served == {(one.method, one.path) for one in OPERATIONS}
