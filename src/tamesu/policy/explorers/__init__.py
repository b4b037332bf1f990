"""One module per kind of explorer: how that becomes a distribution. Holds nothing else."""
