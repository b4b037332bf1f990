"""Run by Vowpal Wabbit's own interpreter: how many decisions of a `dsjson` file it learns from. Refuses to write one."""

from __future__ import annotations

import json
import sys

import vowpalwabbit

if __name__ == "__main__":
    found = vowpalwabbit.Workspace(
        f"--cb_explore_adf --dsjson -d {sys.argv[1]} --quiet", enable_logging=False
    )
    print(json.dumps({"decisions": found.get_weighted_examples()}))
