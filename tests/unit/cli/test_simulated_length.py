"""How long a simulation may be."""

from __future__ import annotations

from tamesu.cli.entry import run


def test_a_run_that_would_never_end_is_refused(tmp_path, capsys):
    file = tmp_path / "shop.yaml"
    file.write_text("{name: shop, arms: [a, b, c]}")
    assert run(["simulate", str(file), "--rounds", str(10**20)]) == 2
    assert "less than or equal to 1000000000" in capsys.readouterr().err
