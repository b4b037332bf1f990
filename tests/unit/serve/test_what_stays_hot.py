"""What a server keeps of a bandit from one snapshot to the next."""

from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Declaration, Snapshot, Time
from tamesu.ports import Commit
from tamesu.serve.core import Catalogue
from tamesu.serve.core.hot import stand_in

NOW = Time(1_700_000_000_000_000)


def test_while_declaration_and_arms_stay_what_follows_from_them_is_not_made_anew():
    """Neither the policy nor what becomes of 10,000 arms' features: each snapshot is ready in little time."""
    store = MemoryStore()
    arms = [{"id": str(number), "features": {"n": number}} for number in range(50)]
    schema = {"n": {"type": "numeric", "range": [0, 50]}}
    told = {"name": "told", "arms": arms, "arm_features": schema, "seed": 1}
    declared = store.declare(Declaration.parse(told), NOW)
    catalogue = Catalogue(store)
    catalogue.refresh()
    catalogue.admit(declared)
    first = catalogue.find("told")
    hots = [first]
    for version in (1, 2):
        lease = store.lease("test", NOW, 5_000_000)
        snapshot = Snapshot(
            bandit="told",
            declaration=declared.number,
            version=version,
            state=first.policy.encode(first.state),
            created=NOW,
            watermark=NOW,
            observations=0,
        )
        store.commit(Commit(lease=lease, checkpoint=b"", counts={}, snapshots=[snapshot]))
        catalogue.refresh()
        hots.append(catalogue.find("told"))
    assert [hot.version for hot in hots] == [0, 1, 2]
    assert not any(hot.broken for hot in hots)
    assert stand_in(declared).features == first.features
    for name in ("policy", "roster", "ids", "features", "fallback"):
        assert len({id(getattr(hot, name)) for hot in hots}) == 1, name
    assert len({id(hot.prepared) for hot in hots}) == 3
