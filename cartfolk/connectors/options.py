"""The options of ``cartfolk connect <platform>``, generated from what the connector declares."""

from __future__ import annotations

import argparse

from .base import ConnectorInfo


def add_arguments(parser: argparse.ArgumentParser, info: ConnectorInfo) -> None:
    """The options of ``cartfolk connect <platform>``."""
    for item in info.fields:
        flag = item.flag or f"--{item.name.replace('_', '-')}"
        told = item.help or item.label
        if item.kind == "bool":
            parser.add_argument(flag, dest=item.name, action="store_true", help=told)
        elif item.kind == "select":
            names = [value for value, _label in item.options]
            parser.add_argument(flag, dest=item.name, choices=names, required=item.required, help=told)
        else:
            parser.add_argument(flag, dest=item.name, required=item.required, help=told)
    parser.add_argument("--name", required=True, help="a short name for the store, used in commands")
    parser.add_argument("--idle-minutes", type=int, default=60, help="a cart idle for longer is abandoned (5-600)")
    parser.add_argument("--max-concurrency", type=int, default=6, help="requests to the shop at a time (1-50)")
    parser.add_argument(
        "--allow-private-address",
        action="store_true",
        help="the shop is on a private network, e.g. 127.0.0.1",
    )
