"""Perdure driven by the published Python SDK of Durable Task, as a worker and as a client."""

import os
import sys

import client
import worker

USAGE = "usage: interop.py worker | client [prefix] [other prefix]"


def main(arguments: list[str]) -> int:
    address = f"127.0.0.1:{os.environ.get('PERDURE_GRPC_PORT', '4001')}"
    match arguments:
        case ["worker"]:
            return worker.run(address)
        case ["client", *prefixes] if len(prefixes) <= 2:
            prefix = prefixes[0] if prefixes else "py"
            return client.run(address, prefix, prefixes[1] if len(prefixes) == 2 else prefix)
        case _:
            print(USAGE, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
