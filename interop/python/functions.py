"""The functions of the contract in ../README.md, each under its name without the prefix."""

import threading
from datetime import timedelta

from durabletask import entities, task

PREFIX = "py_"
RETRY_INTERVAL = timedelta(milliseconds=50)

activities: list = []
orchestrators: list = []


class InteropError(Exception):
    pass


def named(name: str) -> str:
    return PREFIX + name


def activity(fn):
    """The SDK registers a function under its Python name."""
    fn.__name__ = named(fn.__name__)
    activities.append(fn)
    return fn


def orchestrator(name: str):
    def register(fn):
        fn.__name__ = named(name)
        orchestrators.append(fn)
        return fn

    return register


def retry(attempts: int) -> task.RetryPolicy:
    return task.RetryPolicy(first_retry_interval=RETRY_INTERVAL, max_number_of_attempts=attempts)


def counter_id(key: str) -> entities.EntityInstanceId:
    return entities.EntityInstanceId(named("counter"), key)


# Activities

attempts_of: dict[str, int] = {}
attempts_lock = threading.Lock()


@activity
def echo(_, value):
    return value


@activity
def greet(_, name):
    return f"Hello, {name}!"


@activity
def square(_, number):
    return number * number


@activity
def flaky(_, given):
    key = given["key"]
    with attempts_lock:
        attempt = attempts_of[key] = attempts_of.get(key, 0) + 1
    if attempt <= given["failures"]:
        raise InteropError(f"attempt {attempt} of {key} fails")
    return attempt


@activity
def fail(_, message):
    raise InteropError(message)


# Orchestrators: the basics


@orchestrator("sequence")
def sequence(ctx, name):
    greetings = []
    for step in (1, 2, 3):
        greetings.append((yield ctx.call_activity(named("greet"), input=f"{name}{step}")))
    return greetings


@orchestrator("fanout")
def fanout(ctx, count):
    tasks = [ctx.call_activity(named("square"), input=number) for number in range(1, count + 1)]
    squares = yield task.when_all(tasks)
    return {"sum": sum(squares), "count": len(squares)}


@orchestrator("timer")
def timer(ctx, delay_ms):
    before = ctx.current_utc_datetime
    delay = timedelta(milliseconds=delay_ms)
    yield ctx.create_timer(before + delay)
    return {"fired": True, "early": ctx.current_utc_datetime - before < delay}


@orchestrator("events")
def events(ctx, _):
    first = yield ctx.wait_for_external_event("First")
    second = yield ctx.wait_for_external_event("Second")
    return [first, second]


@orchestrator("event_or_timeout")
def event_or_timeout(ctx, delay_ms):
    event = ctx.wait_for_external_event("Go")
    timeout = ctx.create_timer(timedelta(milliseconds=delay_ms))
    winner = yield task.when_any([event, timeout])
    return f"event {event.get_result()}" if winner is event else "timeout"


@orchestrator("echo_through")
def echo_through(ctx, value):
    return (yield ctx.call_activity(named("echo"), input=value))


@orchestrator("hold")
def hold(ctx, _):
    ctx.set_custom_status("holding")
    return (yield ctx.wait_for_external_event("Release"))


@orchestrator("status")
def status(ctx, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("Next")
    ctx.set_custom_status({"step": 2, "note": "ünï"})
    return "done"


@orchestrator("continue")
def continue_(ctx, given):
    left, total = given["left"], given["total"]
    if left == 0:
        return total
    squared = yield ctx.call_activity(named("square"), input=left)
    ctx.continue_as_new({"left": left - 1, "total": total + squared})


@orchestrator("collect")
def collect(ctx, given):
    left, seen = given["left"], given["seen"]
    if left == 0:
        return seen
    item = yield ctx.wait_for_external_event("Item")
    ctx.continue_as_new({"left": left - 1, "seen": [*seen, item]}, save_events=True)


# Orchestrators: children


@orchestrator("parent")
def parent(ctx, count):
    tasks = []
    for number in range(1, count + 1):
        own = f"{ctx.instance_id}-child-{number}" if number % 2 == 1 else None
        tasks.append(ctx.call_sub_orchestrator(named("child"), input=number, instance_id=own))
    return (yield task.when_all(tasks))


@orchestrator("child")
def child(ctx, number):
    return (yield ctx.call_activity(named("square"), input=number)) + 1


@orchestrator("tree")
def tree(ctx, given):
    depth = given["depth"]
    if depth == 0:
        return (yield ctx.wait_for_external_event("Never"))
    return (
        yield ctx.call_sub_orchestrator(
            named("tree"), input={"depth": depth - 1}, instance_id=f"{ctx.instance_id}-sub"
        )
    )


@orchestrator("relay")
def relay(ctx, given):
    answer = yield ctx.call_activity(given["activity"], input=given["activityInput"])
    output = yield ctx.call_sub_orchestrator(given["orchestrator"], input=given["orchestratorInput"])
    return {"activity": answer, "orchestrator": output}


# Orchestrators: failures


def without_attempts(given):
    return {"key": given["key"], "failures": given["failures"]}


@orchestrator("retry")
def retry_(ctx, given):
    policy = retry(given["attempts"])
    return (yield ctx.call_activity(named("flaky"), input=without_attempts(given), retry_policy=policy))


@orchestrator("retry_child")
def retry_child(ctx, given):
    policy = retry(given["attempts"])
    return (
        yield ctx.call_sub_orchestrator(
            named("flaky_child"), input=without_attempts(given), retry_policy=policy
        )
    )


@orchestrator("flaky_child")
def flaky_child(ctx, given):
    return (yield ctx.call_activity(named("flaky"), input=given))


@orchestrator("throw")
def throw(_, message):
    raise InteropError(message)


@orchestrator("fail_through")
def fail_through(ctx, message):
    return (yield ctx.call_activity(named("fail"), input=message))


@orchestrator("fail_caught")
def fail_caught(ctx, message):
    try:
        yield ctx.call_activity(named("fail"), input=message)
        return None
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}


# What not every SDK has


@orchestrator("send")
def send(ctx, given):
    ctx.send_event(given["to"], given["name"], data=given["data"])
    return "sent"


@orchestrator("version")
def version(ctx, _):
    return ctx.version or ""


@orchestrator("tagged")
def tagged(ctx, _):
    return (yield ctx.call_activity(named("echo"), input="tagged", tags={"step": "one"}))


@orchestrator("entity_call")
def entity_call(ctx, given):
    entity = counter_id(given["key"])
    added = yield ctx.call_entity(entity, "add", given["amount"])
    return [added, (yield ctx.call_entity(entity, "get"))]


@orchestrator("entity_signal")
def entity_signal(ctx, given):
    entity = counter_id(given["key"])
    ctx.signal_entity(entity, "add", given["amount"])
    ctx.signal_entity(entity, "add", given["amount"])
    return (yield ctx.call_entity(entity, "get"))


@orchestrator("entity_transfer")
def entity_transfer(ctx, given):
    source, target, amount = counter_id(given["from"]), counter_id(given["to"]), given["amount"]
    with (yield ctx.lock_entities([source, target])):
        if (yield ctx.call_entity(source, "get")) < amount:
            return False
        yield ctx.call_entity(source, "add", -amount)
        yield ctx.call_entity(target, "add", amount)
    return True


@orchestrator("entity_fail")
def entity_fail(ctx, key):
    try:
        yield ctx.call_entity(counter_id(key), "fail", "entity failure")
        return None
    except Exception as error:  # the SDK has a class for it, but not in its documentation
        return "entity failure" in str(error)


class Counter(entities.DurableEntity):
    def add(self, amount):
        total = self.get_state(int, 0) + amount
        self.set_state(total)
        return total

    def get(self):
        return self.get_state(int, 0)

    def delete(self):
        self.set_state(None)

    def fail(self, message):
        raise InteropError(message)
