"""`python -m cartfolk.simulator`: run a simulated shop and print its address as one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .app import quiet_signals, serve
from .clock import parse_moment
from .faults import FaultError
from .options import Options
from .world import ShopError


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a clean stop, 2 for a wrong option, with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m cartfolk.simulator", description=__doc__)
    parser.add_argument("--platform", default="woocommerce")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--customers", type=int, default=5000, help="accounts; guests come on top")
    parser.add_argument("--now", help="when the shop's history ends (ISO 8601, default: now)")
    parser.add_argument("--orders", type=Path, metavar="FILE", help="serve this Online Retail parquet instead")
    parser.add_argument("--subscriptions", action="store_true", help="each fifth buyer has a subscription")
    parser.add_argument("--live", type=float, default=0.0, metavar="RATE", help="shopper actions a second")
    parser.add_argument("--pretend-https", action="store_true", help="accept HTTP Basic as behind TLS")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="serve https with this key and certificate")
    parser.add_argument("--plain-permalinks", action="store_true", help="/wp-json answers 404")
    parser.add_argument("--frozen-clock", action="store_true", help="time passes only in played minutes")
    parser.add_argument("--runners", type=int, default=2, help="webhook deliveries at a time")
    parser.add_argument("--key", default="")
    parser.add_argument("--secret", default="")
    parser.add_argument("--faults", default="[]", metavar="JSON", help="a list of faults from the start")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    given = vars(parser.parse_args(arguments))
    until_stdin_closes = given.pop("until_stdin_closes")
    quiet_signals()
    try:
        given["now"] = parse_moment(given["now"]) if given["now"] else None
        given["faults"] = json.loads(given["faults"])
        serve(Options(**given), until_stdin_closes)
    except (ShopError, FaultError, ValueError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
