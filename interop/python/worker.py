"""The worker: registers everything, and says READY when the stream of work items is open."""

import logging
import signal
import sys
import threading

from durabletask.worker import TaskHubGrpcWorker

import functions


class ReadyHandler(logging.Handler):
    """The SDK's `start` does not wait, and says only in its log that it is connected."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Successfully connected"):
            print("READY", flush=True)
        elif record.levelno >= logging.ERROR:
            print(message, file=sys.stderr, flush=True)


def run(address: str) -> int:
    logger = logging.getLogger("interop-worker")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(ReadyHandler())
    worker = TaskHubGrpcWorker(host_address=address, logger=logger)
    for fn in functions.activities:
        worker.add_activity(fn)
    for fn in functions.orchestrators:
        worker.add_orchestrator(fn)
    worker.add_entity(functions.Counter, functions.named("counter"))
    worker.use_work_item_filters()

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    worker.start()
    while not stop.wait(0.2):
        pass
    worker.stop()
    return 0
