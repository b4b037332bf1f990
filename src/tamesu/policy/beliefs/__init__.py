"""The belief kinds, one module each: what each arm is worth. Holds nothing else; see `tamesu.policy.kinds`."""
