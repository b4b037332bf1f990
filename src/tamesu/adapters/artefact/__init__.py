"""What a two-tower policy has learnt, as files. `folder` writes and reads it; refuses to know what it is for."""
