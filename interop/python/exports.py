"""Export of histories with the SDK's own extension, on a worker of its own in this process."""

import gzip
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

from durabletask.client import TaskHubGrpcClient
from durabletask.extensions.history_export import ExportHistoryClient, orchestrator
from durabletask.worker import TaskHubGrpcWorker

IDLE = timedelta(milliseconds=200)


class MemoryWriter:
    """Keeps what is exported: the events of each instance, by its id."""

    def __init__(self) -> None:
        self.exported: dict[str, list[dict]] = {}
        self._lock = Lock()

    def write(
        self,
        *,
        instance_id: str,
        container: str,
        blob_name: str,
        payload: bytes,
        content_type: str,
        content_encoding: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        lines = gzip.decompress(payload).decode().splitlines()
        with self._lock:
            self.exported[instance_id] = [json.loads(line) for line in lines]


@contextmanager
def exports(client: TaskHubGrpcClient, address: str) -> Iterator[tuple[ExportHistoryClient, MemoryWriter]]:
    # A job that is continuous looks once a minute; the extension has this variable for tests.
    orchestrator._CONTINUOUS_IDLE_DELAY_OVERRIDE = IDLE
    logger = logging.getLogger("interop-exports")
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    writer = MemoryWriter()
    export_client = ExportHistoryClient(client, writer)
    with TaskHubGrpcWorker(host_address=address, logger=logger) as worker:
        export_client.register_worker(worker)
        worker.use_work_item_filters()
        worker.start()
        yield export_client, writer
