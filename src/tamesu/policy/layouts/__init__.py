"""One module per kind of layout: how many arms, and how feedback falls on them. Holds nothing else."""
