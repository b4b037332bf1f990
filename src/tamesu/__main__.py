"""`python -m tamesu`: the same as `tamesu`. Refuses to do anything of its own."""

from tamesu.cli import main

if __name__ == "__main__":
    main()
