"""`tamesu evaluate`, asked in words."""

from __future__ import annotations

from tamesu.cli.entry import run


def evaluating(capsys):
    """Runs it: exit code, what was printed, what was warned of."""

    def command(*words):
        capsys.readouterr()
        code = run(["evaluate", *map(str, words)])
        return code, *capsys.readouterr()

    return command


def values(told, policy=0):
    """The estimates of one of the policies, by estimator."""
    return {one["estimator"]: one["value"] for one in told["policies"][policy]["estimates"]}
