"""The client: runs every scenario that this SDK's client and the worker behind the prefix both have."""

import logging

from durabletask.client import TaskHubGrpcClient

from checks import Checks
from scenarios import scenarios


def run(address: str, prefix: str, other: str) -> int:
    logger = logging.getLogger("interop-client")
    logger.setLevel(logging.CRITICAL)
    client = TaskHubGrpcClient(host_address=address, logger=logger)
    passed = failed = 0
    for scenario in scenarios:
        checks = Checks(client, address, prefix, other, scenario.name)
        if scenario.needs is not None and scenario.needs not in checks.worker.extras:
            continue
        try:
            scenario.run(checks)
            print(f"PASS {scenario.name}", flush=True)
            passed += 1
        except Exception as error:  # whatever it is, the other scenarios have their turn
            reason = str(error) or type(error).__name__
            print(f"FAIL {scenario.name}: {' '.join(reason.split())}", flush=True)
            failed += 1
    print(f"DONE {passed} passed, {failed} failed", flush=True)
    client.close()
    return 0 if failed == 0 else 1
