"""Features into columns: compiled once per declaration, then arithmetic alone.

`encoder_of` makes an `Encoder` of a declaration. Refuses by name what does not fit the schema, and to
know what a belief does with the columns.
"""

from tamesu.policy.features.encoder import Encoder, encoder_of

__all__ = ["Encoder", "encoder_of"]
