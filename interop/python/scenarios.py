"""The scenarios, as the Python client sees them. The names are those of the table in ../README.md."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Callable

import grpc
from durabletask import entities
from durabletask.client import EntityQuery, OrchestrationQuery, OrchestrationStatus

from durabletask.extensions.history_export import (
    ExportDestination,
    ExportJobCreationOptions,
    ExportJobQuery,
    ExportJobStatus,
    ExportMode,
)

from checks import WAIT_SECONDS, Checks, equal, eventually, includes, rejects
from exports import exports

COMPLETED = OrchestrationStatus.COMPLETED
FAILED = OrchestrationStatus.FAILED
PENDING = OrchestrationStatus.PENDING
RUNNING = OrchestrationStatus.RUNNING
SUSPENDED = OrchestrationStatus.SUSPENDED
TERMINATED = OrchestrationStatus.TERMINATED
NOT_FOUND = grpc.StatusCode.NOT_FOUND
ALREADY_EXISTS = grpc.StatusCode.ALREADY_EXISTS


@dataclass(frozen=True)
class Scenario:
    name: str
    run: Callable[[Checks], None]
    needs: str | None


scenarios: list[Scenario] = []


def scenario(fn=None, *, needs: str | None = None):
    def register(fn):
        scenarios.append(Scenario(fn.__name__, fn, needs))
        return fn

    return register if fn is None else register(fn)


def now() -> datetime:
    return datetime.now(timezone.utc)


def hello(name: str) -> list[str]:
    return [f"Hello, {name}{step}!" for step in (1, 2, 3)]


# The basics


@scenario
def sequence(t):
    state = t.completes(t.start("sequence", "ünï"), hello("ünï"))
    equal(state.name, t.name("sequence"), "name")
    equal(state.get_input(), "ünï", "input")


@scenario
def fanout(t):
    t.completes(t.start("fanout", 20), {"sum": 2870, "count": 20})


@scenario
def timer(t):
    t.completes(t.start("timer", 300), {"fired": True, "early": False})


@scenario
def timer_now(t):
    t.completes(t.start("timer", 0), {"fired": True, "early": False})


@scenario
def payloads(t):
    for value in ["", '𝄞 ✓ "quoted"\n', 0, False, [], {}, {"list": [1, 2.5, None, {"deep": "ß"}]}]:
        t.completes(t.start("echo_through", value), value)
    long = "0123456789" * 30_000
    t.completes(t.start("echo_through", long), long)


@scenario
def events_after_start(t):
    id = t.start("events")
    t.started(id)
    t.client.raise_orchestration_event(id, "Second", data={"n": 2})
    t.client.raise_orchestration_event(id, "First", data=[1])
    t.completes(id, [[1], {"n": 2}])


@scenario
def events_before_start(t):
    id = t.start("events", start_at=now() + timedelta(seconds=1))
    t.client.raise_orchestration_event(id, "Second", data="two")
    t.client.raise_orchestration_event(id, "First", data="one")
    t.has_status(t.state(id), PENDING)
    t.completes(id, ["one", "two"])


@scenario
def event_wins(t):
    id = t.start("event_or_timeout", 15_000)
    t.client.raise_orchestration_event(id, "Go", data="now")
    t.completes(id, "event now")


@scenario
def timeout_wins(t):
    t.completes(t.start("event_or_timeout", 200), "timeout")


@scenario
def custom_status(t):
    id = t.start("status")
    eventually(lambda: t.state(id).get_custom_status(), {"step": 1}, "custom status")
    t.client.raise_orchestration_event(id, "Next")
    state = t.completes(id, "done")
    equal(state.get_custom_status(), {"step": 2, "note": "ünï"}, "last custom status")


@scenario
def continue_as_new(t):
    state = t.completes(t.start("continue", {"left": 5, "total": 0}), 55)
    equal(state.get_input(), {"left": 0, "total": 55}, "input of the last generation")


# Children


@scenario
def sub_orchestrations(t):
    id = t.start("parent", 4)
    t.completes(id, [2, 5, 10, 17])
    child = t.state(f"{id}-child-3")
    equal(child.name, t.name("child"), "name of the child")
    equal(child.get_output(), 10, "output of the child")


@scenario
def cross_language(t):
    relayed = {
        "activity": t.other_name("greet"),
        "activityInput": "you",
        "orchestrator": t.other_name("sequence"),
        "orchestratorInput": "x",
    }
    t.completes(t.start("relay", relayed), {"activity": "Hello, you!", "orchestrator": hello("x")})


@scenario
def cross_language_back(t):
    relayed = {
        "activity": t.name("square"),
        "activityInput": 7,
        "orchestrator": t.name("fail_caught"),
        "orchestratorInput": "boom",
    }
    id = t.client.schedule_new_orchestration(t.other_name("relay"), input=relayed, instance_id=t.new_id())
    t.completes(id, {"activity": 49, "orchestrator": {"type": t.caught_type, "message": "boom"}})


# Failures


@scenario
def retry(t):
    t.completes(t.start("retry", {"key": t.new_id(), "failures": 2, "attempts": 3}), 3)


@scenario
def retry_exhausted(t):
    key = t.new_id()
    failure = t.fails(t.start("retry", {"key": key, "failures": 3, "attempts": 2}))
    includes(failure.message, f"attempt 2 of {key} fails", "message")


@scenario
def retry_child(t):
    t.completes(t.start("retry_child", {"key": t.new_id(), "failures": 2, "attempts": 3}), 3)


@scenario
def failure_details(t):
    failure = t.fails(t.start("throw", "böse"))
    equal([failure.error_type, failure.message], [t.worker.error_type, "böse"], "failure")


@scenario
def failure_of_activity(t):
    includes(t.fails(t.start("fail_through", "böse")).message, "böse", "message")


@scenario
def failure_caught(t):
    t.completes(t.start("fail_caught", "böse"), {"type": t.caught_type, "message": "böse"})


@scenario
def unknown_instance(t):
    equal(t.client.get_orchestration_state(t.new_id()), None, "state")
    rejects(lambda: t.client.raise_orchestration_event(t.new_id(), "Go"), NOT_FOUND, "an event")


@scenario
def duplicate_id(t):
    id = t.start("hold")
    rejects(lambda: t.start("hold", instance_id=id), ALREADY_EXISTS, "a second start")
    t.client.raise_orchestration_event(id, "Release", data=1)
    t.completes(id, 1)
    t.start("sequence", "again", instance_id=id)
    t.completes(id, hello("again"))


# Management


@scenario
def suspend_resume(t):
    id = t.start("hold")
    t.started(id)
    t.client.suspend_orchestration(id)
    eventually(lambda: t.state(id).runtime_status, SUSPENDED, "status")
    t.client.raise_orchestration_event(id, "Release", data="freed")
    time.sleep(0.3)
    t.has_status(t.state(id), SUSPENDED)
    t.client.resume_orchestration(id)
    t.completes(id, "freed")


@scenario
def terminate(t):
    id = t.start("hold")
    t.started(id)
    t.client.terminate_orchestration(id, output={"why": "enough"})
    state = t.ended(id)
    t.has_status(state, TERMINATED)
    equal(state.get_output(), {"why": "enough"}, "output")


def is_running(t, id):
    state = t.client.get_orchestration_state(id)
    return state is not None and state.runtime_status == RUNNING


@scenario
def terminate_recursive(t):
    id = t.start("tree", {"depth": 2})
    t.started(id)
    eventually(lambda: is_running(t, f"{id}-sub-sub"), True, "the grandchild runs")
    t.client.terminate_orchestration(id, output="all", recursive=True)
    for each in (id, f"{id}-sub", f"{id}-sub-sub"):
        t.has_status(t.ended(each), TERMINATED)


@scenario
def terminate_alone(t):
    id = t.start("tree", {"depth": 1})
    eventually(lambda: is_running(t, f"{id}-sub"), True, "the child runs")
    t.client.terminate_orchestration(id, recursive=False)
    t.has_status(t.ended(id), TERMINATED)
    time.sleep(0.2)
    t.has_status(t.state(f"{id}-sub"), RUNNING)
    t.client.terminate_orchestration(f"{id}-sub")
    t.has_status(t.ended(f"{id}-sub"), TERMINATED)


@scenario
def purge_by_id(t):
    id = t.start("sequence", "p")
    t.ended(id)
    result = t.client.purge_orchestration(id)
    equal([result.deleted_instance_count, result.is_complete], [1, True], "purged")
    equal(t.client.get_orchestration_state(id), None, "state")
    equal(t.client.purge_orchestration(id).deleted_instance_count, 0, "purged again")
    live = t.start("hold")
    equal(t.client.purge_orchestration(live).deleted_instance_count, 0, "purged alive")
    t.client.terminate_orchestration(live)


@scenario
def purge_by_filter(t):
    time.sleep(0.02)
    begin = now()
    completed = [t.start("sequence", "p"), t.start("sequence", "p")]
    failed = t.start("throw", "p")
    for id in [*completed, failed]:
        t.ended(id)
    result = t.client.purge_orchestrations_by(
        created_time_from=begin,
        created_time_to=now() + timedelta(milliseconds=1),
        runtime_status=[COMPLETED],
    )
    equal([result.deleted_instance_count, result.is_complete], [2, True], "purged")
    equal(t.client.get_orchestration_state(completed[0]), None, "state")
    t.has_status(t.state(failed), FAILED)


@scenario
def query_pages(t):
    prefix = t.new_id()
    ids = [f"{prefix}-{number}" for number in (1, 2, 3, 4, 5)]
    for id in ids:
        t.start("sequence", "q", instance_id=id)
    for id in ids:
        t.ended(id)
    query = OrchestrationQuery(
        instance_id_prefix=prefix,
        runtime_status=[COMPLETED],
        max_instance_count=2,
        fetch_inputs_and_outputs=True,
    )
    states = t.client.get_all_orchestration_states(query)
    equal(sorted(state.instance_id for state in states), ids, "ids")
    equal(states[0].get_input(), "q", "input")
    query.runtime_status = [RUNNING]
    equal(t.client.get_all_orchestration_states(query), [], "running")


@scenario
def list_ids(t):
    begin = now() - timedelta(milliseconds=1)
    held = t.start("hold")
    ids = []
    for _ in range(3):
        ids.append(t.start("sequence", "l"))
        t.ended(ids[-1])
    t.client.raise_orchestration_event(held, "Release")
    t.ended(held)
    ids.append(held)
    listed, token = [], None
    while True:
        page = t.client.list_instance_ids(
            runtime_status=[COMPLETED], completed_time_from=begin, page_size=2, continuation_token=token
        )
        listed += page.items
        token = page.continuation_token
        if not token:
            break
    equal([id for id in listed if id in ids], ids, "in the order of their ends")


@scenario
def export_batch(t):
    begin = now() - timedelta(milliseconds=1)
    ids = [t.start("sequence", "e") for _ in range(5)]
    for id in ids:
        t.ended(id)
    options = ExportJobCreationOptions(
        mode=ExportMode.BATCH,
        completed_time_from=begin,
        completed_time_to=now(),
        destination=ExportDestination(container="histories"),
        max_instances_per_batch=2,
    )
    with exports(t.client, t.address) as (client, writer):
        job = client.get_job_client(client.create_job(options, job_id=t.new_id()).job_id)
        ended = job.wait(timeout=WAIT_SECONDS, poll_interval=0.05)
        equal(ended.status.value, ExportJobStatus.COMPLETED.value, "status of the job")
        equal([ended.exported_instances, ended.failed_instances], [5, 0], "exported and failed")
        equal(sorted(writer.exported), sorted(ids), "ids of the exported")
        for id in ids:
            equal(len(writer.exported[id]) > 5, True, "a history that was exported")
        listed = client.list_jobs(ExportJobQuery(status=[ExportJobStatus.COMPLETED]))
        equal([each.job_id for each in listed].count(job.job_id), 1, "times the job is listed")
        job.delete()
        eventually(job.describe, None, "the job after it was deleted")


@scenario
def export_continuous(t):
    begin = now() - timedelta(milliseconds=1)
    held = t.start("hold")
    ids = []
    for _ in range(3):
        ids.append(t.start("sequence", "e"))
        t.ended(ids[-1])
    options = ExportJobCreationOptions(
        mode=ExportMode.CONTINUOUS,
        completed_time_from=begin,
        destination=ExportDestination(container="histories"),
        max_instances_per_batch=2,
    )
    with exports(t.client, t.address) as (client, writer):
        job = client.get_job_client(client.create_job(options, job_id=t.new_id()).job_id)
        eventually(lambda: sorted(writer.exported), sorted(ids), "ids of the exported")
        t.client.raise_orchestration_event(held, "Release")
        t.ended(held)
        eventually(lambda: held in writer.exported, True, "export of what began first and ended last")
        job.delete()


@scenario
def restart(t):
    id = t.start("sequence", "r")
    t.ended(id)
    copy = t.client.restart_orchestration(id, restart_with_new_instance_id=True)
    equal(copy == id, False, "the same id")
    t.completes(copy, hello("r"))
    equal(t.client.restart_orchestration(id), id, "id")
    t.completes(id, hello("r"))


@scenario
def rewind(t):
    id = t.start("flaky_child", {"key": t.new_id(), "failures": 1})
    t.fails(id)
    t.client.rewind_orchestration(id, reason="try again")
    t.completes(id, 2)


@scenario
def history(t):
    id = t.start("timer", 10)
    t.ended(id)
    kinds = [type(event).__name__.removesuffix("Event") for event in t.client.get_orchestration_history(id)]
    first = ["OrchestratorStarted", "ExecutionStarted", "TimerCreated"]
    equal(kinds, [*first, "OrchestratorStarted", "TimerFired", "ExecutionCompleted"], "kinds of events")


# What not every SDK has


@scenario(needs="event_name_case")
def event_name_case(t):
    id = t.start("hold")
    t.started(id)
    t.client.raise_orchestration_event(id, "rELEASE", data="any case")
    t.completes(id, "any case")


@scenario(needs="carried_events")
def carried_events(t):
    id = t.start("collect", {"left": 5, "seen": []})
    for item in (1, 2, 3, 4, 5):
        t.client.raise_orchestration_event(id, "Item", data=item)
    t.completes(id, [1, 2, 3, 4, 5])


@scenario(needs="send_event")
def send_event(t):
    to = t.start("hold")
    t.completes(t.start("send", {"to": to, "name": "Release", "data": {"from": "sender"}}), "sent")
    t.completes(to, {"from": "sender"})


@scenario(needs="version")
def version(t):
    t.completes(t.start("version", version="2.1.0"), "2.1.0")


@scenario(needs="tags")
def tags(t):
    given = {"team": "blue", "näme": "wért"}
    id = t.start("tagged", tags=given)
    t.completes(id, "tagged")
    events = {type(event).__name__: event for event in t.client.get_orchestration_history(id)}
    equal(events["ExecutionStartedEvent"].tags, given, "tags")
    equal(events["TaskScheduledEvent"].tags, {"step": "one"}, "tags of the activity")


def counter(t, key):
    return entities.EntityInstanceId(t.name("counter"), key)


def state_of(t, key):
    entity = t.client.get_entity(counter(t, key))
    return None if entity is None or entity.get_state() == "" else entity.get_typed_state()


@scenario(needs="entities")
def entity_signal_and_state(t):
    key = t.new_id()
    equal(t.client.get_entity(counter(t, key)), None, "state before")
    t.client.signal_entity(counter(t, key), "add", 5)
    t.client.signal_entity(counter(t, key), "add", -2)
    eventually(lambda: state_of(t, key), 3, "state")
    t.client.signal_entity(counter(t, key), "delete")
    eventually(lambda: state_of(t, key), None, "state after delete")


@scenario(needs="entities")
def entity_signal_later(t):
    key = t.new_id()
    t.client.signal_entity(counter(t, key), "add", 1, signal_time=now() + timedelta(milliseconds=700))
    time.sleep(0.2)
    equal(state_of(t, key), None, "state before the time")
    eventually(lambda: state_of(t, key), 1, "state")


@scenario(needs="entities")
def entity_call(t):
    key = t.new_id()
    t.completes(t.start("entity_call", {"key": key, "amount": 4}), [4, 4])
    t.completes(t.start("entity_call", {"key": key, "amount": 3}), [7, 7])


@scenario(needs="entities")
def entity_signal_from_orchestrator(t):
    t.completes(t.start("entity_signal", {"key": t.new_id(), "amount": 21}), 42)


@scenario(needs="entities")
def entity_locks(t):
    source, target = t.new_id(), t.new_id()
    t.client.signal_entity(counter(t, source), "add", 35)
    eventually(lambda: state_of(t, source), 35, "state")
    transfer = {"from": source, "to": target, "amount": 10}
    ids = [t.start("entity_transfer", transfer) for _ in range(5)]
    moved = sorted(t.ended(id).get_output() for id in ids)
    equal(moved, [False, False, True, True, True], "moved")
    equal([state_of(t, source), state_of(t, target)], [5, 30], "balances")
    eventually(lambda: lock_holder(t, source), None, "lock")


def lock_holder(t, key):
    try:
        entity = t.client.get_entity(counter(t, key))
        return None if entity is None else entity.get_locked_by()
    except ValueError as error:  # the SDK reads the id of an orchestration as that of an entity
        return str(error)


@scenario(needs="entities")
def entity_failure(t):
    key = t.new_id()
    t.completes(t.start("entity_fail", key), True)
    t.completes(t.start("entity_call", {"key": key, "amount": 1}), [1, 1])


@scenario(needs="entities")
def entity_query(t):
    prefix = t.new_id()
    keys = [f"{prefix}-{number}" for number in (1, 2, 3)]
    for number, key in enumerate(keys, 1):
        t.client.signal_entity(counter(t, key), "add", number)
    for number, key in enumerate(keys, 1):
        eventually(lambda key=key: state_of(t, key), number, "state")
    query = EntityQuery(instance_id_starts_with=f"@{t.name('counter')}@{prefix}", page_size=2)
    found = sorted((entity.id.key, entity.get_typed_state()) for entity in t.client.get_all_entities(query))
    equal(found, list(zip(keys, (1, 2, 3))), "entities")
