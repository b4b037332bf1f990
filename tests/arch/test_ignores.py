"""Every ignore carries its reason."""

from __future__ import annotations

import io
import re
import tokenize
import tomllib

MARK = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no cover|fmt:\s*off)")
REASONED = re.compile(
    r"#\s*(noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|type: ignore\[[a-z, -]+\]|fmt: off)"
    r"( +#)? +[-–—]? *\S.+"
)


def comments(source):
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_every_ignore_in_the_code_names_its_rule_and_carries_a_reason(python):
    bare = [
        f"{source.name}:{line}: {text}"
        for source in python
        for line, text in comments(source)
        if MARK.search(text) and not REASONED.search(text)
    ]
    assert not bare


def test_every_ignored_rule_of_ruff_carries_a_reason(root):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)["tool"]["ruff"]["lint"]
    rules = set(settings["ignore"])
    for ignored in settings["per-file-ignores"].values():
        rules |= set(ignored)
    bare = [rule for rule in rules if not re.search(rf'"{rule}",? +# \S.{{7,}}', text)]
    assert not bare
