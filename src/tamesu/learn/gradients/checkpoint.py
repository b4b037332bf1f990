"""Checkpoints: learning that was cut short goes on where it was, and comes to the same.

One file, replaced as a whole after each epoch. Refuses a file of another plan or other rounds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tamesu.base import Conflict, Corrupt

if TYPE_CHECKING:
    from tamesu.learn.gradients.training import Climb, Trained

FILE = "learning.pt"


class Checkpoint:
    """What has been learnt so far, in a file.

    Args:
        folder: where it is; made if need be.
        of: what is learnt from what, as a digest.
    """

    def __init__(self, folder: Path, of: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._of = folder / FILE, of
        self._held: dict[str, Any] = self._read()

    def taken_up(self, name: str, climb: Climb, best: Trained) -> tuple[Trained, int]:
        """The best so far, and the epoch to go on with; all else is put back into `climb`."""
        held = self._held.get(name)
        if held is None:
            return best, 1
        best.towers.load_state_dict(held["best"])
        climb.restore(held["climb"])
        judged = type(best.judged)(*held["judged"])
        kept = best._replace(epoch=held["epoch"], judged=judged, stopped=held["stopped"])
        return kept, held["stopped"] + 1

    def keep(self, name: str, climb: Climb, best: Trained) -> None:
        """Writes it, whole or not at all."""
        self._held[name] = {
            "best": best.towers.state_dict(),
            "climb": climb.kept(),
            "judged": tuple(best.judged),
            "epoch": best.epoch,
            "stopped": best.stopped,
        }
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            torch.save({"of": self._of, "held": self._held}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        try:
            kept = torch.load(self._path, weights_only=True)
            of, held = kept["of"], kept["held"]
        except Exception as error:  # what a torn file raises is anything
            raise Corrupt(
                f"a checkpoint must be as it was written, {self._path.name} is not",
                hint="remove it: learning then begins anew",
            ) from error
        if of != self._of:
            raise Conflict(
                "a checkpoint must be of the same plan and the same rounds, this one is of others",
                hint=f"cut a log that grows at the same time, or remove {self._path.name}",
            )
        return dict(held)
