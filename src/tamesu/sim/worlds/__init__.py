"""Worlds with known truth, one module each. Holds nothing else."""
