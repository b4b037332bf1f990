"""What was learnt lies outside of the data folder: gone, moved, told by the doctor and by a backup."""

from __future__ import annotations

import shutil
from contextlib import closing

import numpy as np
import pytest
from towers import CONTEXT, CONTEXTS, FEATURES, batch_of, declared_towers, told, towers_of

import tamesu
from tamesu.adapters.artefact.folder import write_towers
from tamesu.base import Declaration, InvalidDeclaration, Time, Unavailable
from tamesu.policy import compose, same_part
from tamesu.wiring import Settings, integrity, open_store
from tamesu.wiring.backup import back_up, restore
from tamesu.wiring.beliefs.learnt import _read

NOW = Time(1_700_000_000_000_000)
CONTEXT_ROW = CONTEXTS[0][1]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    towers = towers_of(arms=300)
    folder = tmp_path_factory.mktemp("towers") / "one"
    return towers, folder, write_towers(folder, towers)


def parsed(kept, **more):
    return Declaration.parse(declared_towers(*kept, **more))


@pytest.mark.parametrize("belief", ["two_tower", "neural_linear"])
def test_a_policy_is_made_and_its_state_read_without_the_folder(kept, belief):
    """Whoever declares it is refused; whoever has it can say what is wrong, wait, and declare another."""
    policy = compose(parsed(kept, belief=belief))
    batch = batch_of(np.random.default_rng(5), 40, kept[0].arms)
    learnt = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    data = declared_towers(*kept, belief=belief)
    data["policy"]["belief"]["folder"] = "/nowhere/at/all"
    lost = compose(Declaration.parse(data))
    with pytest.raises(InvalidDeclaration, match=r"manifest\.json"):
        lost.check()
    assert lost.encode(lost.init()) == policy.encode(policy.init())
    assert lost.encode(lost.decode(policy.encode(learnt))) == policy.encode(learnt)
    with pytest.raises(Unavailable, match=r"manifest\.json"):
        lost.prepare(lost.init(), kept[0].arms, NOW).choose("a.1.x", None, CONTEXT_ROW)
    if belief == "neural_linear":
        with pytest.raises(Unavailable, match=r"manifest\.json"):
            lost.evidence(lost.init(), batch)


def test_the_doctor_and_a_backup_tell_what_lies_elsewhere(kept, tmp_path):
    """Whole, gone, and of a bandit that was declared otherwise since."""
    settings = Settings(data=str(tmp_path / "data"))
    folder = tmp_path / "learnt"
    shutil.copytree(kept[1], folder)
    declared = Declaration.parse(declared_towers(kept[0], folder, kept[2]))
    with closing(open_store(settings)) as store:
        store.declare(declared, NOW, 1)
    assert str(folder) in integrity.learnt(settings)
    assert back_up(settings, tmp_path / "backup").elsewhere == (str(folder),)
    assert restore(tmp_path / "backup", Settings(data=str(tmp_path / "again"))).elsewhere == (
        str(folder),
    )
    (folder / "items.npy").write_bytes(b"")
    _read.cache_clear()
    found = integrity.learnt(settings)
    assert not found.well
    assert "front" in found.found
    assert "items.npy" in found.found
    with closing(open_store(settings)) as store:
        store.declare(Declaration.parse({"name": "front", "arms": ["a"]}), NOW, 2)
    assert integrity.learnt(settings) is None
    assert back_up(settings, tmp_path / "another").elsewhere == ()


@pytest.mark.parametrize("belief", ["two_tower", "neural_linear"])
def test_what_was_learnt_stays_when_the_folder_moves(kept, belief):
    """Its digest says that it is the same; of another digest it is another."""
    part = parsed(kept, belief=belief).belief
    moved = parsed((kept[0], "/srv/moved", kept[2]), belief=belief).belief
    other = parsed((kept[0], kept[1], "0" * 64), belief=belief).belief
    assert same_part("belief", part, moved)
    assert not same_part("belief", part, other)


def test_a_bandit_in_memory_serves_it_or_is_refused_at_once(kept):
    arms = [{"id": arm, "features": told(row)} for row, arm in enumerate(kept[0].arms)]
    belief = declared_towers(*kept)["policy"]["belief"]
    given = {"arms": arms, "context": CONTEXT, "arm_features": FEATURES, "seed": 1}
    bandit = tamesu.Bandit(**given, belief=belief, explorer={"kind": "retrieve", "explore": 0.0})
    decision = bandit.decide(CONTEXTS[0][0])
    shares = kept[0].shares(CONTEXT_ROW[None])[0]
    top = np.sort(shares)[-100:].sum()
    due = shares[kept[0].arms.index(decision.arm)] / top
    assert decision.propensity == pytest.approx(due, abs=1e-6)
    with pytest.raises(InvalidDeclaration, match=r"manifest\.json"):
        tamesu.Bandit(**given, belief={**belief, "folder": "/nowhere/at/all"})
