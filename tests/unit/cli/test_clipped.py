"""What was clipped is shown beside what is believed, and nowhere where nothing was."""

from __future__ import annotations

import pytest
from rich.console import Console

from tamesu import Bandit
from tamesu.base import plain
from tamesu.cli.report import arms_table


def printed(rewards, most=None):
    bandit = Bandit(arms=["a", "b"], belief="gaussian", reward={"range": [0, 20]}, seed=1)
    bandit.learn_logged(["a", "a", "b"], rewards)
    console = Console(width=80, color_system=None)
    with console.capture() as shown:
        console.print(arms_table([plain(row) for row in bandit.summary()], most=most))
    return shown.get()


@pytest.mark.parametrize("most", [None, 1])
def test_clipped_rewards_have_a_column(most):
    lines = printed([25, -3, 9], most).splitlines()
    assert any(line.rstrip().endswith("observations   clipped") for line in lines)
    assert any("2         2" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_where_nothing_was_clipped_there_is_none():
    assert "clipped" not in printed([5, 20, 0])
