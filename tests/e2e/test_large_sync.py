"""A hundred thousand arms out of a file, into a system at work."""

from __future__ import annotations

import json

import pytest
from serving import serving

from tamesu.cli.entry import run
from tamesu.client import Client

ARMS = 100_000


@pytest.mark.soak
def test_a_hundred_thousand_arms_are_synced_and_most_are_not_retired(
    tmp_path, free_port, until, capsys
):
    """How long it takes is measured by hand and told in the how-to; here, that it comes to its end."""
    with serving(tmp_path, free_port(), within_s=110) as url:
        file = tmp_path / "arms.csv"

        def sync(count, *more, code=0):
            lines = (f"arm-{number:06d},A product called {number}" for number in range(count))
            file.write_text("\n".join(["id,title", *lines]))
            words = ["arms", "sync", "shop", "--from", str(file), "--url", url, "--json", *more]
            capsys.readouterr()
            assert run(words) == code
            out, err = capsys.readouterr()
            return err if code else json.loads(out)

        with Client(url) as client:
            client.create({"name": "shop", "arms": ["a", "b"]})
            assert sync(ARMS, "--force")["added"] == ARMS
            until(lambda: client.decide("shop").arm.startswith("arm-"))  # once it is prepared
            assert "retire 90,000 of 100,000" in sync(10_000, code=1)
            assert sync(95_000)["retired"] == 5_000
            assert sync(95_000)["status"] == "unchanged"
            assert sync(ARMS)["revived"] == 5_000
            until(lambda: "arm-099999" in {arm["arm"] for arm in client.arms("shop")["arms"]})
