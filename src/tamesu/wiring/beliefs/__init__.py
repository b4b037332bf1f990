"""Beliefs that are partly files: what was learnt elsewhere, by the digest of its bytes. Holds nothing else."""
