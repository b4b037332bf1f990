"""The layout kinds, one module each: how many arms, and how feedback falls on them. Holds nothing else; see `tamesu.policy.kinds`."""
