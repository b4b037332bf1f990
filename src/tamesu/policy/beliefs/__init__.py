"""One module per kind of belief: what each arm is worth. Holds nothing else."""
