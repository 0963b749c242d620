"""``python -m emotiset`` is the command ``emotiset``."""

from emotiset.cli import main

if __name__ == "__main__":
    main()
