"""What is shipped to watch an installation names metrics that a real one shows."""

import importlib.util
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml
from machine import Machine
from prometheus_client.parser import text_string_to_metric_families

from tamesu.adapters.meter.metrics import METRICS, MetricKind
from tamesu.client import Client

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/tamesu.json"
SELECTED = re.compile(r"\b(tamesu_[a-z_]+)(?:{([^}]*)})?")
LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"\b(?:by|ignoring|without) \(([^)]*)\)")
GIVEN = {"instance", "job", "le"}
"""Labels that Prometheus gives."""


@pytest.fixture(scope="module")
def rules():
    read = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def expressions(rules):
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [
        one["query"]["query"] for one in board["templating"]["list"] if one["type"] == "query"
    ]
    return [*asked, *(rule["expr"] for rule in rules)]


def row_of(name):
    """The row of the table that a name on the wire belongs to."""
    bare = name.removeprefix("tamesu_")
    if bare not in METRICS:
        bare = re.sub(r"_(bucket|sum|count)$", "", bare)
        assert METRICS[bare].kind is MetricKind.HISTOGRAM, name
    return METRICS[bare]


def test_each_metric_that_is_asked_for_is_measured_with_these_labels(expressions):
    asked = 0
    for expression in expressions:
        labels = GIVEN.union(*(row_of(name).names for name, _ in SELECTED.findall(expression)))
        for name, selectors in SELECTED.findall(expression):
            asked += 1
            unknown = set(LABEL.findall(selectors)) - {*row_of(name).names, *GIVEN}
            assert not unknown, expression
        for grouped in GROUPED.findall(expression):
            assert {one.strip() for one in grouped.split(",")} <= labels, expression
    assert asked > 30


def test_a_real_run_shows_each_metric_that_is_asked_for(expressions, tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until) as machine, Client(machine.url) as client:
        client.create(
            {
                "name": "shop",
                "arms": ["a", "b"],
                "reward": {"window": "300ms", "lateness": "100ms"},
                "batch": {"every": "100ms"},
            }
        )
        client.decide("shop")
        until(lambda: client.report("shop")["observations"])
        client.decide("shop")

        def shown():
            with urllib.request.urlopen(f"{machine.url}/metrics", timeout=30) as answer:
                text = answer.read().decode()
            return {family.name for family in text_string_to_metric_families(text)}

        asked = {row_of(name).name for one in expressions for name, _ in SELECTED.findall(one)}
        # What never happened on a sound machine is counted once it does.
        seldom = {name for name in asked if METRICS[name].kind is MetricKind.COUNTER}
        seldom -= {"decisions_total", "cpu_seconds_total"}
        seldom |= {"ranking_change_rate", "ranking_turnover"}  # of an hour, once it was seen whole
        wanted = {f"tamesu_{name}".removesuffix("_total") for name in asked - seldom}
        assert len(wanted) > 8
        until(lambda: wanted <= shown())


def test_each_rule_says_what_happened_and_what_to_do(rules):
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) > 10
    guide = (ROOT / "docs/how-to/watch-with-prometheus.md").read_text(encoding="utf-8")
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket", "information"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert f"`{rule['alert']}`" in guide, "the guide says of each what to do"


def test_the_dashboard_is_what_its_script_writes():
    spec = importlib.util.spec_from_file_location("dashboard", ROOT / "scripts/dashboard.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert DASHBOARD.read_text(encoding="utf-8") == script.text(), "run `make dashboard` and commit"


def test_the_dashboard_s_panels_lie_beside_each_other():
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize(
    "asked", [["check", "rules", RULES.name], ["test", "rules", "alerts_test.yml"]]
)
def test_promtool_finds_the_rules_sound(asked):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: scripts/test_services.sh installs it")
    done = subprocess.run(
        [promtool, *asked], cwd=RULES.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_reads_every_expression_of_the_dashboard(expressions, tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: scripts/test_services.sh installs it")
    asked = [one for one in expressions if not one.startswith("label_values")]
    rules = [
        {"record": f"check:{turn}", "expr": one.replace("$__rate_interval", "5m")}
        for turn, one in enumerate(asked)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "check", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
