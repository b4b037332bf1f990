"""Spaces of combinations by chance, small enough to list."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def spaces(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    slots = {f"s{i}": tuple(f"o{j}" for j in range(size)) for i, size in enumerate(sizes)}
    pairs = []
    for _ in range(draw(st.integers(0, 10))):
        one, other = draw(st.permutations(range(len(sizes))))[:2]
        pick = {f"s{i}": f"o{draw(st.integers(0, sizes[i] - 1))}" for i in (one, other)}
        pairs.append(pick)
    return slots, pairs
