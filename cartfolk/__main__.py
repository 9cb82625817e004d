"""``python -m cartfolk`` is the command line."""

from cartfolk.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
