"""The error tree is total: each kind has its place in the picture and in both tables."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import tamesu
from tamesu.base import GRPC_STATUS, HTTP_STATUS, TamesuError, errors

GRPC = {
    *(
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
    ),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"),
    *("UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
}


def tree(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


@pytest.fixture(scope="module")
def kinds():
    """Every error that any module of the package defines."""
    for module in pkgutil.walk_packages(tamesu.__path__, "tamesu."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return set(tree(TamesuError))


def test_every_error_has_an_http_and_a_grpc_status(kinds):
    assert set(HTTP_STATUS) == kinds
    assert set(GRPC_STATUS) == kinds


def test_statuses_are_real(kinds):
    assert all(400 <= HTTP_STATUS[kind] < 600 for kind in kinds)
    assert {GRPC_STATUS[kind] for kind in kinds} <= GRPC


def test_a_retriable_error_never_blames_the_caller(kinds):
    for kind in kinds:
        assert kind.retriable == (HTTP_STATUS[kind] in {429, 503}), kind


def test_the_picture_shows_the_tree_as_it_is(kinds):
    drawn = re.findall(r"^([│ ]*)[├└]─ (\w+) +(\d+) ", errors.__doc__, re.MULTILINE)
    parents = ["TamesuError"]
    seen = {}
    for indent, name, status in drawn:
        depth = len(indent) // 3
        parents[depth + 1 :] = [name]
        seen[name] = (parents[depth], int(status))
    real = {
        kind.__name__: (kind.__mro__[1].__name__, HTTP_STATUS[kind])
        for kind in kinds - {TamesuError}
    }
    assert seen == real


def test_codes_are_unique_and_stable_in_shape(kinds):
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert all("code" in vars(kind) for kind in kinds)
