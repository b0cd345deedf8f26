"""What the scenarios are written with: ids, waits that end, and exact comparisons."""

import itertools
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any, Callable

import grpc
from durabletask.client import OrchestrationState, OrchestrationStatus, TaskHubGrpcClient

WAIT_SECONDS = 20
POLL_SECONDS = 0.025


@dataclass(frozen=True)
class Worker:
    """What the SDK of a worker has besides the basics."""

    error_type: str
    hides_error_type: bool = False
    extras: frozenset[str] = field(default_factory=frozenset)


EVERYTHING = frozenset({"event_name_case", "carried_events", "send_event", "version", "tags", "entities"})
WORKERS = {
    "js": Worker("InteropError", extras=EVERYTHING),
    "py": Worker("functions.InteropError", extras=EVERYTHING),
    "java": Worker("perdure.interop.InteropError", extras=frozenset({"send_event"})),
    "go": Worker("main.InteropError", hides_error_type=True, extras=frozenset({"event_name_case", "carried_events"})),
}

run = f"{int(time.time() * 1000):x}{os.getpid():x}"
count = itertools.count(1)


def equal(actual: Any, expected: Any, what: str) -> None:
    # JSON tells true from 1, and Python does not.
    if json.dumps(actual, sort_keys=True, default=str) != json.dumps(expected, sort_keys=True, default=str):
        raise AssertionError(f"{what} is {shorten(actual)}, not {shorten(expected)}")


def shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def includes(text: str, part: str, what: str) -> None:
    if part not in text:
        raise AssertionError(f'{what} is "{text}", without "{part}"')


def eventually(ask: Callable[[], Any], expected: Any, what: str) -> None:
    """Asks until the answer is the expected one."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (actual := ask()) != expected:
        if time.monotonic() > deadline:
            equal(actual, expected, what)
        time.sleep(POLL_SECONDS)


def rejects(action: Callable[[], Any], code: grpc.StatusCode, what: str) -> None:
    try:
        action()
    except grpc.RpcError as error:
        equal(str(error.code()), str(code), f"gRPC status of {what}")
        return
    raise AssertionError(f"{what} was not refused")


class Checks:
    def __init__(self, client: TaskHubGrpcClient, address: str, prefix: str, other: str, scenario: str):
        self.client = client
        self.address = address
        self.prefix = prefix
        self.other = other
        self.scenario = scenario
        self.worker = WORKERS[prefix]

    @property
    def caught_type(self) -> str | None:
        """How an orchestrator of the worker sees the type of an activity's InteropError."""
        return None if self.worker.hides_error_type else self.worker.error_type

    def name(self, name: str) -> str:
        return f"{self.prefix}_{name}"

    def other_name(self, name: str) -> str:
        return f"{self.other}_{name}"

    def new_id(self) -> str:
        return f"py-{self.prefix}-{run}-{self.scenario}-{next(count)}"

    def start(self, name: str, input: Any = None, instance_id: str | None = None, **options: Any) -> str:
        wanted = instance_id or self.new_id()
        got = self.client.schedule_new_orchestration(
            self.name(name), input=input, instance_id=wanted, **options
        )
        equal(got, wanted, "the id in the reply")
        return got

    def started(self, id: str) -> OrchestrationState:
        return present(self.client.wait_for_orchestration_start(id, timeout=WAIT_SECONDS), id)

    def ended(self, id: str) -> OrchestrationState:
        return present(self.client.wait_for_orchestration_completion(id, timeout=WAIT_SECONDS), id)

    def state(self, id: str) -> OrchestrationState:
        return present(self.client.get_orchestration_state(id), id)

    def completes(self, id: str, output: Any) -> OrchestrationState:
        state = self.ended(id)
        self.has_status(state, OrchestrationStatus.COMPLETED)
        equal(state.get_output(), output, "output")
        return state

    def fails(self, id: str):
        state = self.ended(id)
        self.has_status(state, OrchestrationStatus.FAILED)
        if state.failure_details is None:
            raise AssertionError("there are no failure details")
        return state.failure_details

    def has_status(self, state: OrchestrationState, status: OrchestrationStatus) -> None:
        if state.runtime_status == status:
            return
        detail = "" if state.failure_details is None else f" ({state.failure_details.message})"
        raise AssertionError(f"status is {state.runtime_status.name}{detail}, not {status.name}")


def present(state: OrchestrationState | None, id: str) -> OrchestrationState:
    if state is None:
        raise AssertionError(f"there is no instance {id}")
    return state
