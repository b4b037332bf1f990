"""A folder that holds what a two-tower policy has learnt: written once, whole, and never changed.

    manifest.json           what it is, the digest of every other file, and the digest of all that
    arms.json               ids, in the order of the embeddings
    items.npy               (K, dim) embeddings of arms
    query.<n>.weight.npy    (in, out) of each layer of the query tower, and query.<n>.bias.npy (out,)
    item.<n>.weight.npy     the same of the item tower, where there is one

Whatever is not what the manifest says is refused by name, so that a query tower of one learning never meets items
of another. Refuses pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.base import Conflict, Corrupt, InvalidInput, NotFound, TamesuError
from tamesu.base.feature import plain_schema, read_schema
from tamesu.policy.towers import Singles, Tower, TwoTower

FORM = 1
"""Of the folder: another one is refused."""

MANIFEST, ARMS, ITEMS = "manifest.json", "arms.json", "items.npy"

_WHOLE = "write it anew, or copy the folder whole: files of two artefacts do not go together"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a folder holds.

    Attributes:
        form: of the folder.
        digest: SHA-256 of all the rest as JSON without spaces, in its order, which is that of the columns; through
            `files`, of every byte.
        dim: of the space in which contexts and arms meet.
        temperature: above 0.
        context, arm_features: the schemas, as a declaration writes them.
        query, item: layers of the towers; 0 of an item tower that there is none.
        files: SHA-256 by name.
        learnt: how, as plain data.
    """

    form: int
    digest: str
    dim: int
    temperature: float
    context: dict[str, Any]
    arm_features: dict[str, Any]
    query: int
    item: int
    files: dict[str, str]
    learnt: dict[str, Any]


def write_towers(folder: Path, towers: TwoTower) -> str:
    """Writes what was learnt into a folder that is not there yet; gives its digest.

    It appears whole or not at all, and survives a power cut.

    Raises:
        Conflict: there is something of that name.
        InvalidInput: numbers that are not finite, or arrays that do not fit together.
    """
    _refuse_unfit(towers)
    if folder.exists():
        raise Conflict(
            f"the folder of an artefact must not be there yet, {folder.name!r} is",
            hint="name another one: an artefact is never changed",
        )
    make_folder(folder.parent)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        files = _contents(towers)
        told = {name: _written(making / name, value) for name, value in sorted(files.items())}
        manifest: dict[str, Any] = {
            "form": FORM,
            "dim": towers.query.dim,
            "temperature": float(towers.temperature),
            "context": plain_schema(towers.context),
            "arm_features": plain_schema(towers.arm_features),
            "query": len(towers.query.weights),
            "item": 0 if towers.item is None else len(towers.item.weights),
            "files": told,
            "learnt": msgspec.to_builtins(towers.learnt),
        }
        digest = _digest(manifest)
        _written(making / MANIFEST, {"digest": digest, **manifest})
        making.chmod(0o755)
        sync_folder(making)
        making.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return digest


def read_manifest(folder: Path) -> Manifest:
    """What a folder says that it holds; its arrays are not looked at.

    Raises:
        NotFound: no such folder, or no manifest in it.
        Corrupt: a manifest that does not read, is of another form, or was changed.
    """
    place = folder / MANIFEST
    if not place.is_file():
        raise NotFound(
            f"an artefact must be a folder with a {MANIFEST}, got {str(folder)!r} without",
            hint="what  tamesu learn two-tower … --out FOLDER  has written",
        )
    try:
        plain = json.loads(place.read_bytes())
        manifest = msgspec.convert(plain, Manifest)
        del plain["digest"]
        digest = _digest(plain)
    except (ValueError, RecursionError, OSError) as problem:
        raise Corrupt(
            f"{MANIFEST} of an artefact must read, it does not: {problem}", hint=_WHOLE
        ) from problem
    if manifest.form != FORM:
        raise Corrupt(f"an artefact must be of form {FORM}, got {manifest.form}")
    if manifest.digest != digest:
        raise Corrupt(f"{MANIFEST} must have the digest that it tells, it was changed", hint=_WHOLE)
    return manifest


def read_towers(folder: Path, manifest: Manifest | None = None) -> TwoTower:
    """What `write_towers` wrote. Each file is read once, and what was read is what is looked at and held.

    So whoever writes over the folder afterwards changes nothing for who has read it.

    Args:
        folder: of the artefact.
        manifest: what it must hold; none for what it says itself.

    Raises:
        NotFound: no such folder, or no manifest in it.
        Corrupt: a file is missing, or is not the one that the manifest tells of.
    """
    manifest = manifest or read_manifest(folder)
    files = {name: _bytes(folder, name, digest) for name, digest in manifest.files.items()}
    try:
        towers = TwoTower(
            context=read_schema(manifest.context, "context"),
            arm_features=read_schema(manifest.arm_features, "arm_features"),
            query=_tower(files, "query", manifest.query),
            item=_tower(files, "item", manifest.item) if manifest.item else None,
            arms=tuple(msgspec.json.decode(_held(files, ARMS), type=list[str])),
            embeddings=_array(files, ITEMS),
            temperature=manifest.temperature,
            learnt=manifest.learnt,
        )
        _refuse_unfit(towers)
    except (ValueError, EOFError, OSError, InvalidInput) as problem:
        said = problem.message if isinstance(problem, TamesuError) else str(problem)
        raise Corrupt(
            f"an artefact must fit together, it does not: {said}", hint=_WHOLE
        ) from problem
    return towers


def _contents(towers: TwoTower) -> dict[str, Any]:
    """Files by name, as arrays or plain data."""
    files: dict[str, Any] = {ARMS: list(towers.arms), ITEMS: towers.embeddings}
    for name, tower in (("query", towers.query), ("item", towers.item)):
        if tower is None:
            continue
        for number, pair in enumerate(zip(tower.weights, tower.biases, strict=True)):
            files[f"{name}.{number}.weight.npy"], files[f"{name}.{number}.bias.npy"] = pair
    return files


def _tower(files: Mapping[str, bytes], name: str, layers: int) -> Tower:
    def arrays(what: str) -> tuple[Singles, ...]:
        return tuple([_array(files, f"{name}.{number}.{what}.npy") for number in range(layers)])

    return Tower(arrays("weight"), arrays("bias"))


def _held(files: Mapping[str, bytes], name: str) -> bytes:
    """A file that the manifest vouches for."""
    if name not in files:
        raise Corrupt(f"the manifest of an artefact must tell of {name}, it does not", hint=_WHOLE)
    return files[name]


def _array(files: Mapping[str, bytes], name: str) -> Singles:
    made = np.load(io.BytesIO(_held(files, name)), allow_pickle=False)
    if made.dtype != np.float32:
        raise Corrupt(f"{name} must be in single precision, got {made.dtype}", hint=_WHOLE)
    made.setflags(write=False)
    array: Singles = made
    return array


def _bytes(folder: Path, name: str, digest: str) -> bytes:
    """All of a file, if it is the one of that digest."""
    place = folder / name
    if Path(name).name != name or not place.is_file():
        raise Corrupt(f"an artefact must have the file {name[:80]!r}, it has not", hint=_WHOLE)
    held = place.read_bytes()
    got = hashlib.sha256(held).hexdigest()
    if got != digest:
        raise Corrupt(
            f"{name} must be the file that the manifest tells of ({digest[:12]}), got another ({got[:12]})",
            hint=_WHOLE,
        )
    return held


def _refuse_unfit(towers: TwoTower) -> None:
    """Raises `InvalidInput` where arrays are not finite or do not fit together."""
    towers.query.check()
    shape = len(towers.arms), towers.query.dim
    if towers.embeddings.shape != shape:
        raise InvalidInput(f"embeddings must be {shape}, got {towers.embeddings.shape}")
    if len(set(towers.arms)) < len(towers.arms) or not towers.arms:
        raise InvalidInput("arms must be at least one, each named once")
    if not 0.0 < towers.temperature < float("inf"):
        raise InvalidInput(f"temperature must be finite and above 0, got {towers.temperature:g}")
    if towers.item is not None:
        towers.item.check()
        if towers.item.dim != towers.query.dim:
            raise InvalidInput(
                f"towers must end in one space, got {towers.query.dim} and {towers.item.dim} numbers"
            )
    if not np.isfinite(towers.embeddings).all():
        raise InvalidInput("embeddings must be finite")


def _written(place: Path, value: Any) -> str:
    """Writes an array or plain data, durably; its SHA-256."""
    with place.open("w+b") as opened:
        if isinstance(value, np.ndarray):
            np.save(opened, np.ascontiguousarray(value, dtype=np.float32), allow_pickle=False)
        else:
            opened.write(json.dumps(value, indent=1, allow_nan=False).encode())
        opened.flush()
        os.fsync(opened.fileno())
        opened.seek(0)
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _digest(plain: Mapping[str, Any]) -> str:
    canonical = json.dumps(plain, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
