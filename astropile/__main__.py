"""``python -m astropile`` is the command line."""

from astropile.cli import main

if __name__ == "__main__":
    main()
