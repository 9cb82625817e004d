"""``python -m bench [import|webhooks|record|contact-list|backfill|segments] [--json] [--contacts N] [--repeats K]``"""

from __future__ import annotations

import argparse
import importlib
import json
from typing import Any

BENCHES = {
    "import": ("bench.imports", 100_000),
    "webhooks": ("bench.webhooks", 2_000),
    "record": ("bench.record", 20_000),
    "contact-list": ("bench.contact_list", 1_000_000),
    "backfill": ("bench.backfill", 2_000),
    "segments": ("bench.segments", 1_000_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")
    parser.add_argument("--contacts", type=int, help="size of the data")
    parser.add_argument("--repeats", type=int, default=5, help="medians are taken of as many runs")
    arguments = parser.parse_args()
    for name in arguments.names or BENCHES:
        if name not in BENCHES:
            parser.error(f"there is no benchmark {name}; there are {', '.join(BENCHES)}")
        module, size = BENCHES[name]
        found: dict[str, Any] = importlib.import_module(module).run(arguments.contacts or size, arguments.repeats)
        if arguments.json:
            print(json.dumps(found), flush=True)
        else:
            print("\n".join(f"{key:36} {value}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
