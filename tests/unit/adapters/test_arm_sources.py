"""Arms out of files, databases and functions: what they are, and what is refused with its place."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import sys

import polars as pl
import pytest

from tamesu.base import InvalidInput, MissingExtra, NotFound, Unavailable
from tamesu.ports import ArmSource
from tamesu.wiring import open_source


@pytest.fixture
def read(tmp_path):
    """What a file of a name and a content holds."""

    def read_(name, content, query=None):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        source: ArmSource = open_source(str(path), query)
        assert source.name == name
        return [(arm.id, arm.metadata) for arm in source.read()]

    return read_


def test_a_column_of_ids_alone_keeps_the_metadata_that_is_there(read):
    assert read("a.csv", "id\na\n7\n\n") == [("a", None), ("7", None)]


def test_other_columns_are_metadata_and_empty_cells_are_none_of_it(read):
    text = '\ufefftitle,id,price\r\n"Tea, ""green""",a,2.5\r\n,b,\r\n'
    assert read("a.csv", text) == [("a", {"title": 'Tea, "green"', "price": "2.5"}), ("b", {})]


def test_a_column_of_metadata_is_json(read):
    text = 'id,metadata\na,"{""price"": 2.5}"\nb,\n'
    assert read("a.CSV", text) == [("a", {"price": 2.5}), ("b", {})]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "line 1 of a.csv"),
        ("name\na\n", r"must have a column 'id'"),
        ("Id\na\n", r"small letters"),
        ("id;name\na;b\n", r"commas between"),
        ("id,id\na,a\n", "each column once"),
        ("id,,\na,,\n", "must have a name"),
        ("id,metadata,x\na,,\n", "either a column"),
        ("id\n", "holds none"),
        ("id,x\na,1\nb\n", r"line 3 of a.csv: it must have 2 cells"),
        ("id\na\nb\na\n", r"line 4 of a.csv.*'a' stands in line 2"),
        ('id,x\na,"1\n2"\n,3\n', r"line 4 of a.csv.*got nothing"),
        ('id,x\na,"1\n', r"line \d of a.csv"),
        (f"id\n{'x' * 201}\n", r"line 2 .*201 characters"),
        ("id\na\x07\n", r"line 2 .*printable"),
        ("id,metadata\na,[1]\n", r"line 2 .*must be an object"),
        ("id,metadata\na,{x}\n", r"line 2 .*JSON object"),
        (f"id,x\na,{'x' * 5000}\n", r"line 2 .*4,096 bytes"),
        (b"id\na\n\xff\n", r"line 3 .*UTF-8"),
    ],
)
def test_a_csv_file_that_is_wrong_is_refused_with_the_line(read, text, wrong):
    with pytest.raises(InvalidInput) as refused:
        read("a.csv", text)
    assert re.search(wrong, str(refused.value), re.DOTALL)


def test_more_arms_than_a_bandit_may_have_are_refused(read):
    with pytest.raises(InvalidInput, match=r"at most 100,000 arms"):
        read("a.csv", "id\n" + "\n".join(map(str, range(100_001))))


def test_json_lines(read):
    text = (
        '"a"\n7\n{"id": "b", "price": 2, "tags": ["x"]}\n\n{"id": "c", "metadata": {"n": null}}\n'
    )
    assert read("a.jsonl", text) == [
        ("a", None),
        ("7", None),
        ("b", {"price": 2, "tags": ["x"]}),
        ("c", {"n": None}),
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1.5}',
        '{"id": true}',
        '{"name": "a"}',
        "[1]",
        "{",
        "null",
        "[" * 5_000,
        '{"id": "b", "metadata": {}, "x": 1}',
    ],
)
def test_json_lines_that_are_wrong_are_refused_with_the_line(read, line):
    with pytest.raises(InvalidInput, match=r"line 2 of a.ndjson"):
        read("a.ndjson", f'"a"\n{line}\n')


def test_parquet_keeps_its_types(tmp_path):
    frame = pl.DataFrame(
        {
            "id": [1, 2],
            "price": [2.5, None],
            "tags": [["x"], []],
            "from": [dt.date(2026, 1, 2), None],
            "size": [{"w": 3}, None],
        },
        schema_overrides={"size": pl.Struct({"w": pl.Int64})},
    )
    frame.write_parquet(tmp_path / "a.parquet")
    first, second = open_source("a.parquet", folder=tmp_path).read()
    assert (first.id, second.id) == ("1", "2")
    assert first.metadata == {"price": 2.5, "tags": ["x"], "from": "2026-01-02", "size": {"w": 3}}
    assert second.metadata["tags"] == []
    pl.DataFrame({"id": ["a", "b"], "x": [1.0, float("nan")]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InvalidInput, match=r"row 2 of a.parquet: x must be a finite"):
        open_source("a.parquet", folder=tmp_path).read()
    (tmp_path / "a.parquet").write_text("no")
    with pytest.raises(InvalidInput, match="must be a Parquet file"):
        open_source("a.parquet", folder=tmp_path).read()


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE products (id, title, live)")
        database.executemany(
            "INSERT INTO products VALUES (?, ?, ?)",
            [("a", "Tea", 1), ("b", None, 1), ("c", "Old", 0), ("a2", b"\x00", 0)],
        )
    database.close()
    return f"sqlite:///{path}"


def test_a_query_gives_arms_and_writes_nothing(shop):
    query = "SELECT id, title FROM products WHERE live ORDER BY id"
    arms = open_source(shop, query).read()
    assert [(arm.id, arm.metadata) for arm in arms] == [("a", {"title": "Tea"}), ("b", {})]
    with pytest.raises(InvalidInput, match="must give rows"):
        open_source(shop, "DELETE FROM products").read()
    assert len(open_source(shop, "SELECT id FROM products").read()) == 4


@pytest.mark.parametrize(
    ("query", "error", "wrong"),
    [
        ("SELECT title FROM products", InvalidInput, "column 'id'"),
        ("SELECT id FROM missing", Unavailable, "no such table"),
        ("SELECT id, live FROM products WHERE 0", InvalidInput, "holds none"),
        ("SELECT id, title FROM products", InvalidInput, "row 4 .*plain JSON"),
        ("SELECT 'a' AS id UNION ALL SELECT 'a'", InvalidInput, "row 2"),
        ("SELECT id FROM products WHERE live > :now", InvalidInput, "a place for a value"),
    ],
)
def test_a_query_that_is_wrong_is_refused(shop, query, error, wrong):
    with pytest.raises(error, match=wrong):
        open_source(shop, query).read()


def test_a_database_is_not_made_and_no_password_is_told(tmp_path):
    with pytest.raises(NotFound):
        open_source(f"sqlite:///{tmp_path}/none.sqlite3", "SELECT 1 AS id")
    assert not list(tmp_path.iterdir())
    for url in (
        "postgresql+nothing://u:secret@h/d",
        "noth ing://u:secret@h/d",
        "oracle://u:secret@h",
    ):
        with pytest.raises((InvalidInput, MissingExtra)) as refused:
            open_source(url, "SELECT 1 AS id")
        assert "secret" not in str(refused.value)


def test_a_function_gives_ids_or_mappings(tmp_path, monkeypatch):
    (tmp_path / "listing_of_shop.py").write_text(
        "def arms():\n    yield 'a'\n    yield {'id': 'b', 'price': 2}\n"
        "def twice():\n    return ['a', 'a']\n"
        "def text():\n    return 'abc'\n"
        "def broken():\n    raise KeyError('db')\n"
        "def over():\n    raise SystemExit\n"
        "def endless():\n    n = 0\n    while n := n + 1:\n        yield n\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    arms = open_source("listing_of_shop:arms").read()
    assert [(arm.id, arm.metadata) for arm in arms] == [("a", None), ("b", {"price": 2})]
    with pytest.raises(InvalidInput, match="row 2"):
        open_source("listing_of_shop:twice").read()
    with pytest.raises(InvalidInput, match="several arms, got str"):
        open_source("listing_of_shop:text").read()
    with pytest.raises(Unavailable, match="KeyError"):
        open_source("listing_of_shop:broken").read()
    with pytest.raises(Unavailable, match="SystemExit"):
        open_source("listing_of_shop:over").read()
    with pytest.raises(InvalidInput, match="at most 100,000 arms"):
        open_source("listing_of_shop:endless").read()
    for spec in ("listing_of_shop:none", "nowhere_at_all:arms"):
        with pytest.raises(NotFound):
            open_source(spec).read()


def test_a_source_may_stand_in_a_variable(tmp_path):
    (tmp_path / "a.csv").write_text("id\na\n")
    told = {"ARMS": str(tmp_path / "a.csv")}
    assert open_source("env:ARMS", environment=told).read()[0].id == "a"
    with pytest.raises(InvalidInput, match="'NONE'"):
        open_source("env:NONE", environment=told)


@pytest.mark.parametrize("text", ["a.txt", "", "a", "a:b:c", "-:x"])
def test_what_cannot_be_told_apart_is_refused(text):
    with pytest.raises(InvalidInput, match="must be one of"):
        open_source(text)


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path):
    with pytest.raises(NotFound):
        open_source("a.csv", folder=tmp_path).read()
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InvalidInput, match="must be a file"):
        open_source("a.csv", folder=tmp_path).read()
    with pytest.raises(InvalidInput, match="a query belongs"):
        open_source("a.csv", "SELECT 1", folder=tmp_path)
    with pytest.raises(InvalidInput, match="needs a query"):
        open_source("sqlite:///x")
