"""What ``cartfolk <command>`` does, a module a noun; the parser is in ``cartfolk/cli.py``."""
