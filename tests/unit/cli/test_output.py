"""What names say is printed as it is: an arm may be called like an emoji, a style, or a place in a format."""

from __future__ import annotations

from tamesu.cli.output import console, progress, table

NAME = "arm:a: [b]x[/b] {y}"


def test_a_name_is_printed_as_it_is(capsys):
    console().print(f"{NAME} {NAME}")
    console().print(table(NAME, [NAME, f">{NAME}"], [[NAME, NAME]]))
    assert capsys.readouterr().out.count(NAME) == 7


def test_a_name_may_stand_beside_progress(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if on a terminal
    monkeypatch.setenv("COLUMNS", "200")
    with progress(NAME, "rows", 3) as tell:
        tell(2)
    assert NAME in capsys.readouterr().err
