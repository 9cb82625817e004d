"""Benchmarks: ``make bench`` runs them all, ``make bench ARGS="import --json"`` one.

Each states its claim in its docstring, measures itself against a baseline on the same data in the same run,
and is never part of the tests: a timed test tells about the machine, a ratio about the code.
"""
