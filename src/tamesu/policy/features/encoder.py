"""`Encoder`: contexts and arms' features into columns, as one declaration asks for it.

    context columns   every feature of the context, then the interactions among them
    arm columns       every feature of an arm, then the interactions among those
    joint columns     1, context columns, arm columns, then the interactions of a context's with an arm's

Refuses to learn anything: constants come from the schema alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamesu.base import Declaration, InvalidDeclaration, InvalidInput
from tamesu.base.feature import MAX_WIDTH, width_of
from tamesu.policy.features.block import ARM, CONTEXT, Block, Floats, Values, crossing


class Cross(NamedTuple):
    """An interaction of a context's columns with an arm's, as slices of both."""

    context: slice
    arm: slice


class Encoder:
    """What one declaration makes of features.

    Laws: the columns of many are those of each, bit for bit; `joint(x, f) = mixing(x) @ (1, f)`; every
    number is finite, and the same values give the same numbers for ever.

    Example:
        >>> from tamesu.base import Declaration
        >>> schema = {"hour": {"type": "cyclic", "period": 24}, "member": "boolean"}
        >>> encoder = encoder_of(Declaration.parse({"name": "x", "arms": ["a"], "context": schema}))
        >>> encoder.names
        ('hour.cos', 'hour.sin', 'member')
        >>> encoder.context({"hour": 0, "member": True})
        array([1., 0., 1.])

    Attributes:
        names, arm_names, joint_names: of the columns.
        width, arm_width, joint_width: how many they are.
        crosses: of the context's columns with the arms'.
    """

    def __init__(self, context: Block, arm: Block, crosses: Sequence[Cross]) -> None:
        self._context, self._arm = context, arm
        self.crosses = tuple(crosses)
        self._left, self._right = crossing(self.crosses)
        self.names, self.arm_names = context.names, arm.names
        self.width, self.arm_width = len(context.names), len(arm.names)
        crossed = zip(self._left.tolist(), self._right.tolist(), strict=True)
        self.joint_names = (
            "1",
            *self.names,
            *self.arm_names,
            *(f"{self.names[one]} × {self.arm_names[other]}" for one, other in crossed),
        )
        self.joint_width = len(self.joint_names)
        self._still = self._unmoved()

    def context(self, values: Values | Sequence[float] | Floats | None) -> Floats:
        """(width,) columns of one context; a list of numbers will do where the schema is one vector.

        Raises:
            InvalidInput: an unknown name (with the close match), a value missing or outside of its
                schema.
            ShapeMismatch: a list of another length, or where names are needed.
        """
        return self._context.encode(values)

    def contexts(self, many: Sequence[Any] | Floats) -> Floats:
        """(n, width) columns of n contexts; or (n, width) numbers where the schema is one vector.

        Raises:
            InvalidInput, ShapeMismatch: as `context`, for the first that is refused.
        """
        return self._context.encode_many(many)

    def arms(self, many: Sequence[Values | None]) -> Floats:
        """(n, arm_width) columns of the features of n arms.

        Raises:
            InvalidInput: as `context`.
        """
        return self._arm.encode_many(many)

    def joint(self, contexts: Floats, arms: Floats) -> Floats:
        """(n, joint_width) joint columns of n pairs: `contexts` (n, width), `arms` (n, arm_width)."""
        crossed = contexts[:, self._left] * arms[:, self._right]
        return np.concatenate([np.ones((len(contexts), 1)), contexts, arms, crossed], axis=1)

    def mixing(self, context: Floats) -> Floats:
        """(joint_width, 1 + arm_width) matrix T: joint columns of `context` and an arm f are T (1, f).

        Of m contexts (m, width): (m, joint_width, 1 + arm_width).
        """
        mixing = np.empty((*context.shape[:-1], *self._still.shape))
        mixing[...] = self._still
        mixing[..., 1 : 1 + self.width, 0] = context
        first = 1 + self.width + self.arm_width
        crossed = np.arange(first, self.joint_width)
        mixing[..., crossed, 1 + self._right] = context[..., self._left]
        return mixing

    def _unmoved(self) -> Floats:
        """What of `mixing` no context changes."""
        still = np.zeros((self.joint_width, 1 + self.arm_width))
        still[0, 0] = 1.0
        places = np.arange(self.arm_width)
        still[1 + self.width + places, 1 + places] = 1.0
        return still


def encoder_of(declaration: Declaration) -> Encoder:
    """The encoder of a declaration, whose own arms fit it.

    Raises:
        InvalidDeclaration: more columns than can be, or an arm whose features are not of the schema.
    """
    _refuse_too_wide(declaration)
    within: dict[str, list[tuple[str, str]]] = {"context": [], "arm": []}
    across: list[tuple[str, str]] = []
    for one, other in declaration.interacting:
        kinds = {"context" if name in declaration.context else "arm" for name in (one, other)}
        if len(kinds) == 1:
            within[kinds.pop()].append((one, other))
        else:
            across.append((one, other) if one in declaration.context else (other, one))
    factors = frozenset(name for pair in declaration.interacting for name in pair)
    context = Block(declaration.context, within["context"], factors, CONTEXT)
    arm = Block(declaration.arm_features, within["arm"], factors, ARM)
    crosses = [Cross(context.slices[one], arm.slices[other]) for one, other in across]
    encoder = Encoder(context, arm, crosses)
    if declaration.slots:
        return encoder  # a combination tells of itself, its options nothing
    try:
        encoder.arms([declared.features for declared in declaration.arms])
    except InvalidInput:
        for declared in declaration.arms:
            _refuse_unfit(encoder, declared.id, declared.features)
        raise
    return encoder


def _refuse_too_wide(declaration: Declaration) -> None:
    """Raises where the columns would be too many, before one is made."""
    widths = {
        name: width_of(feature)
        for schema in (declaration.context, declaration.arm_features)
        for name, feature in schema.items()
    }
    width = 1 + sum(widths.values())
    width += sum(widths[one] * widths[other] for one, other in declaration.interacting)
    if width > MAX_WIDTH:
        raise InvalidDeclaration(
            f"features may make {MAX_WIDTH:,} columns in all, these make {width:,}",
            hint="fewer values, buckets or interactions",
        )


def _refuse_unfit(encoder: Encoder, arm: str, features: Mapping[str, Any]) -> None:
    try:
        encoder.arms([features])
    except InvalidInput as problem:
        raise InvalidDeclaration(
            f"the features of arm {arm!r} must fit arm_features: {problem.message}",
            hint=problem.hint,
        ) from problem
