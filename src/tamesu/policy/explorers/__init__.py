"""The explorer kinds, one module each: how marginals become a distribution. Holds nothing else; see `tamesu.policy.kinds`."""
