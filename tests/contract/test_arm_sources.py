"""Every source of arms obeys the laws of its port."""

from __future__ import annotations

import csv
import importlib
import json
import sqlite3
import sys

import polars as pl
import pytest

from tamesu.adapters.armsource.csv import CsvArmSource
from tamesu.adapters.armsource.function import FunctionArmSource
from tamesu.adapters.armsource.jsonlines import JsonLinesArmSource
from tamesu.adapters.armsource.parquet import ParquetArmSource
from tamesu.adapters.armsource.sql import SqlArmSource
from tamesu.testing import ArmSourceContract


class TestCsvArmSource(ArmSourceContract):
    first = 2

    def make(self, place, rows):
        with (place / "arms.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["id"])
            writer.writeheader()
            writer.writerows(rows)
        return CsvArmSource(place / "arms.csv")

    def missing(self, place):
        return CsvArmSource(place / "none.csv")


class TestJsonLinesArmSource(ArmSourceContract):
    def make(self, place, rows):
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (place / "arms.jsonl").write_text(text)
        return JsonLinesArmSource(place / "arms.jsonl")

    def missing(self, place):
        return JsonLinesArmSource(place / "none.jsonl")


class TestParquetArmSource(ArmSourceContract):
    def make(self, place, rows):
        columns = list(rows[0]) if rows else ["id"]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
        frame.write_parquet(place / "arms.parquet")
        return ParquetArmSource(place / "arms.parquet")

    def missing(self, place):
        return ParquetArmSource(place / "none.parquet")


class TestSqlArmSource(ArmSourceContract):
    def make(self, place, rows):
        path = place / "shop.sqlite3"
        with sqlite3.connect(path) as database:
            database.execute("DROP TABLE IF EXISTS arms")
            names = [f'"{name}"' for name in rows[0]] if rows else ["id"]
            database.execute(f"CREATE TABLE arms (place INTEGER PRIMARY KEY, {', '.join(names)})")
            asked = f"INSERT INTO arms ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            database.executemany(asked, [tuple(row.values()) for row in rows])
        database.close()
        query = f"SELECT {', '.join(names)} FROM arms ORDER BY place"
        return SqlArmSource(f"sqlite:///{path}", query)

    def missing(self, place):
        return SqlArmSource(f"sqlite:///{place}/none.sqlite3", "SELECT id FROM arms")


class TestFunctionArmSource(ArmSourceContract):
    @pytest.fixture(autouse=True)
    def module(self, tmp_path_factory, monkeypatch):
        """A program of a team, which reads what it gives."""
        folder = tmp_path_factory.mktemp("code")
        (folder / "shop_of_contract.py").write_text(
            "import json, pathlib\n"
            "def arms():\n    return json.loads(pathlib.Path(PLACE, 'arms.json').read_text())\n"
        )
        monkeypatch.setattr("sys.path", [str(folder), *sys.path])
        yield
        sys.modules.pop("shop_of_contract", None)

    def make(self, place, rows):
        (place / "arms.json").write_text(json.dumps(rows))
        importlib.import_module("shop_of_contract").PLACE = place
        return FunctionArmSource("shop_of_contract:arms")

    def missing(self, _place):
        return FunctionArmSource("shop_of_nobody:arms")
