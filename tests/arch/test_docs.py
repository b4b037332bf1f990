"""What the docs say is so: commands and targets exist, links lead somewhere, examples parse."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
import yaml

from tamesu.base import (
    ArmsChange,
    Changed,
    Command,
    Declaration,
    Effect,
    Snapshot,
    Status,
    Time,
    parse_delivery_id,
    plain,
)
from tamesu.cli.app import command_line
from tamesu.policy import compose
from tamesu.serve.core.bodies import Reader
from tamesu.serve.core.commands import described
from tamesu.serve.core.feature_rules import read_features
from tamesu.serve.core.versions import described as described_version
from tamesu.serve.core.wire import DecisionAnswer, DecisionRequest, EventRequests
from tamesu.serve.http import application as http
from tamesu.train import Why

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:tamesu|make) [^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)#?([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def pages(tracked, root):
    return {
        path.relative_to(root): path.read_text(encoding="utf-8")
        for path in tracked
        if path.suffix == ".md"
    }


@pytest.fixture(scope="module")
def commands(pages):
    """Every line of shell and every command named in passing, with its page."""
    found = []
    for page, text in pages.items():
        for language, block in FENCE.findall(text):
            if language == "sh":
                lines = [line.split("#")[0].strip() for line in block.splitlines()]
                found += [(page, line) for line in lines if line]
        found += [(page, line) for line in INLINE.findall(FENCE.sub("", text))]
    return found


def blocks(pages, language):
    return [
        block
        for text in pages.values()
        for found, block in FENCE.findall(text)
        if found == language
    ]


def test_every_example_is_in_a_language_that_is_looked_at(pages):
    """One called bash, say, had been read by no test."""
    known = {"", "html", "js", "json", "nginx", "python", "sh", "text", "toml", "yaml"}
    used = {language for text in pages.values() for language, _ in FENCE.findall(text)}
    assert used <= known


def test_links_lead_somewhere(pages, root):
    broken = []
    for page, text in pages.items():
        for target, anchor in LINK.findall(FENCE.sub("", text)):
            there = root / page.parent / target if target else root / page
            if "://" in target:
                continue
            if not there.exists() or (anchor and anchor not in anchors(there.read_text("utf-8"))):
                broken.append(f"{page}: {target}#{anchor}")
    assert not broken


def anchors(text):
    """What the headings of a page are called in links."""
    said = [re.sub(r"\]\([^)]*\)", "", title) for title in HEADING.findall(FENCE.sub("", text))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in said}


def test_links_lead_to_headings_by_their_words():
    assert anchors("# One: `two`-three\n```sh\n# no\n```\n## [Four](five.md) six\n") == {
        "one-two-three",
        "four-six",
    }


def test_every_make_target_named_exists(commands, root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    unknown = []
    for page, line in commands:
        words = shlex.split(line)
        if words[0] == "make":
            asked = [word for word in words[1:] if "=" not in word]
            unknown += [f"{page}: {line}" for word in asked if word not in targets]
    assert not unknown


def test_every_tamesu_command_named_exists_with_its_options(commands):
    root = typer.main.get_command(command_line())
    unknown = []
    for page, line in commands:
        for part in re.split(r"&&|\|\||;|\|", line):
            words = shlex.split(part)
            if words[:1] == ["tamesu"] and not accepted(root, words[1:]):
                unknown.append(f"{page}: {part.strip()}")
    assert not unknown


def accepted(command, words):
    """Whether `words` lead to a command whose options all exist."""
    for place, word in enumerate(words):
        inner = getattr(command, "commands", None)
        if inner is not None and not word.startswith("-"):
            if word not in inner:
                return False
            command = inner[word]
            continue
        known = {name for parameter in command.params for name in parameter.opts}
        return all(
            w.split("=")[0] in {*known, "--help", "-h"} for w in words[place:] if w[0] == "-"
        )
    return True


def test_every_declaration_in_the_docs_can_be_made(pages):
    found = blocks(pages, "yaml")
    assert found
    for block in found:
        compose(Declaration.parse(yaml.safe_load(block)))


def test_every_python_example_parses(pages):
    found = blocks(pages, "python")
    assert found
    for block in found:
        ast.parse(block)


def test_every_bandit_in_memory_of_the_docs_runs(pages, tmp_path, monkeypatch):
    """Beside the declarations of its page, in files of their names."""
    monkeypatch.chdir(tmp_path)
    ran = []
    for page, text in pages.items():
        of_page = FENCE.findall(text)
        for language, block in of_page:
            if language == "yaml" and (name := yaml.safe_load(block).get("name")):
                Path(f"{name}.yaml").write_text(block, "utf-8")
        for language, block in of_page:
            if language == "python" and "tamesu.Bandit" in block:
                exec(compile(block, str(page), "exec"), {})
                ran.append(page)
    assert len(ran) >= 6


def test_every_json_example_is_what_the_server_reads_or_writes(pages):
    text = pages[Path("docs/reference/http.md")]
    examples = [body for language, body in FENCE.findall(text) if language == "json"]
    request, answer, events, features, arms, change, command, frozen, listed = examples
    Reader(DecisionRequest, "the request")(request.encode())
    written = json.loads(answer)
    # `unclaimed` is there only where it is true.
    assert {*written, "unclaimed"} == set(DecisionAnswer.__struct_fields__)
    told = Reader(EventRequests, "the body")(events.encode()).events
    assert told[0].delivery_id == written["deliveries"][0]["delivery_id"]
    assert parse_delivery_id(told[0].delivery_id).position == 0
    assert read_features("unit", "user-7", json.loads(features))
    assert {arm["status"] for arm in json.loads(arms)["arms"]} == {"active", "retired"}
    wanted = ArmsChange.parse(json.loads(change))
    said = json.loads(command)
    assert (len(wanted.add), len(wanted.retire)) == (said["added"], said["retired"])
    assert plain(described(applied(said, Changed._fields))) == said
    changed = json.loads(frozen)
    of_bandit = {**changed, "status": "applied"}  # the status of the bandit takes its place
    assert plain(described(applied(changed, ("observations",)))) == of_bandit
    (kept,) = json.loads(listed)["snapshots"]
    assert kept["status"] == changed["status"]
    assert (
        described_version(snapshot_of(kept), pinned=kept["pinned"], why=Why(kept["kept"])) == kept
    )


def snapshot_of(kept):
    """The snapshot that is answered so."""
    return Snapshot(
        bandit="home-banner",
        declaration=kept["declaration"],
        version=kept["version"],
        state=b"",
        created=Time.parse(kept["created"]),
        watermark=Time.parse(kept["watermark"]),
        observations=kept["observations"],
        roster=kept["roster"],
        status=Status(kept["status"]),
    )


def applied(said, told):
    """The command that is answered so."""
    return Command(
        number=said["command"],
        bandit=said["bandit"],
        kind=said["kind"],
        body={},
        asked=Time.parse(said["asked"]),
        effect=Effect(
            at=Time.parse(said["applied"]),
            snapshot=said["snapshot"],
            roster=said["roster"],
            read=tuple(said["read"]),
            told={name: said[name] for name in told},
        ),
    )


def test_the_http_page_lists_every_path_and_no_other(pages):
    text = pages[Path("docs/reference/http.md")]
    written = set(re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", text, re.MULTILINE))
    assert written == set(served())


def served():
    """Method and path of everything the application answers; no path is asked, so no service."""
    for route in http(SimpleNamespace(meter=None)).routes:
        for method in set(route.endpoint._methods) - {"HEAD"}:
            yield f"{method} {re.sub(':[a-z]+}', '}', route.path)}"


@pytest.mark.parametrize("folder", ["how-to", "explanation", "math", "reference", "adr"])
def test_every_page_is_named_by_the_index_of_its_folder(pages, folder):
    index = Path("docs", folder, "README.md" if folder == "adr" else "index.md")
    named = {target for target, _ in LINK.findall(pages[index])}
    theirs = {path.name for path in pages if path.parent == index.parent} - {index.name}
    assert theirs
    assert theirs - named == set()
