"""From keywords, or from a file, to the declaration of a bandit in memory.

Refuses a keyword that no declaration has, with the close match.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tamesu.bandit.objectives import spelt
from tamesu.base import Declaration, InvalidDeclaration, InvalidInput
from tamesu.base.shapes import MOST_VALUES, once, values_in
from tamesu.base.slots import LAYOUT
from tamesu.base.written import default_explorer

SEED_BITS = 63

KEYWORDS = (
    "arm_features",
    "arms",
    "batch",
    "belief",
    "context",
    "description",
    "explore",
    "explorer",
    "forgetting",
    "infeasible",
    "interactions",
    "layout",
    "name",
    "newcomer",
    "objectives",
    "pairwise",
    "reward",
    "scalarise",
    "seed",
    "size",
    "slots",
)
"""What `Bandit(...)` takes."""

COPIED = (
    *("name", "description", "reward", "batch"),
    *("context", "arm_features", "interactions"),
    *("slots", "pairwise", "infeasible"),
)
"""Of these, what stands in a declaration as it is."""


def spelt_out(
    arms: Iterable[str], given: Mapping[str, Any], features: Mapping[str, Any]
) -> Declaration:
    """The declaration that flat keywords mean; a seed is drawn where none is given.

    Args:
        arms: ids.
        given: keywords and their values; none is as if it were left out.
        features: what arms tell of themselves, by id.

    Raises:
        InvalidDeclaration: an unknown keyword (with the close match), or values that cannot be.
    """
    for keyword in given:
        if keyword not in KEYWORDS:
            raise InvalidDeclaration.unknown_field(keyword, KEYWORDS, "Bandit(...)")
    stated = {keyword: value for keyword, value in given.items() if value is not None}
    if "objectives" in stated:
        wanted, scalarise = stated["objectives"], stated.get("scalarise")
        stated["reward"] = spelt(wanted, scalarise, stated.get("reward"), stated.get("belief"))
    elif "scalarise" in stated:
        raise InvalidDeclaration("scalarise says how objectives become one number, got none")
    data: dict[str, Any] = {key: stated[key] for key in COPIED if key in stated}
    data["arms"] = [
        {"id": arm, "features": features[arm]} if arm in features else arm for arm in arms
    ]
    layout = LAYOUT if "slots" in stated else "single"
    data["layout"] = _part(stated, "layout", layout, "size")
    data["policy"] = {
        key: stated[key] for key in ("belief", "newcomer", "forgetting") if key in stated
    }
    if "explorer" in stated or "explore" in stated:
        default = default_explorer(data)
        data["policy"]["explorer"] = _part(stated, "explorer", default, "explore")
    _refuse_unbounded(stated)
    if "seed" in stated:
        data["seed"] = stated["seed"]
    return seeded(Declaration.parse({"name": "bandit", **data}))


def _refuse_unbounded(stated: Mapping[str, Any]) -> None:
    """Rewards come as numbers here, and a click's 0 and 1, the default, are no bounds of them."""
    belief = stated.get("belief")
    kind = belief.get("kind") if isinstance(belief, Mapping) else belief
    if kind == "gaussian" and "reward" not in stated:
        raise InvalidDeclaration(
            "belief gaussian must know what rewards to expect, and reward says nothing",
            hint='for example  Bandit(..., belief="gaussian", reward={"range": [0, 50]})',
        )


class _Once(yaml.SafeLoader):
    """YAML in whose mappings a key stands once: the parser would let the last of two count."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        once((key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        return node


def read_config(path: str | Path) -> dict[str, Any]:
    """The declaration, as plain data, in a YAML or JSON file.

    Raises:
        InvalidInput: a file that cannot be read or parsed, or holds no mapping.
    """
    try:
        data = yaml.load(Path(path).read_text("utf-8"), _Once)  # noqa: S506 - a safe one
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(f"{path} cannot be read: {problem}") from problem
    except (ValueError, RecursionError, yaml.YAMLError, InvalidInput) as problem:
        raise InvalidInput(f"{path} must be YAML or JSON: {problem}") from problem
    if not isinstance(data, dict):
        raise InvalidInput(f"{path} must hold a mapping, got {type(data).__name__}")
    if values_in(data) > MOST_VALUES:
        raise InvalidInput(
            f"{path} may stand for {MOST_VALUES:,} values, it names what stands in it for more"
        )
    return data


def seeded(declaration: Declaration) -> Declaration:
    """The same declaration, with a drawn seed if it had none."""
    return declaration.with_seed(secrets.randbits(SEED_BITS))


def _part(given: Mapping[str, Any], name: str, default: str, option: str) -> Any:
    """A part with its flattened option folded in: `layout="slate", size=3`."""
    part = given.get(name, default)
    if option not in given:
        return part
    if isinstance(part, Mapping):
        if option in part:
            raise InvalidDeclaration(f"{option} must be given once, got it in {name} too")
        return {**part, option: given[option]}
    return {"kind": part, option: given[option]}
