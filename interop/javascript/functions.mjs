/** The functions of the contract in ../README.md, each under its name without the prefix. */
import { EntityInstanceId, RetryPolicy, TaskEntity, whenAll, whenAny } from "@microsoft/durabletask-js";

const PREFIX = "js_";
const RETRY_INTERVAL_MS = 50;

class InteropError extends Error {
  name = "InteropError";
}

const named = (name) => PREFIX + name;
const counterId = (key) => new EntityInstanceId(named("counter"), key);
const retry = (attempts) => ({
  retry: new RetryPolicy({
    maxNumberOfAttempts: attempts,
    firstRetryIntervalInMilliseconds: RETRY_INTERVAL_MS,
  }),
});

const attempts = new Map();

export const activities = {
  echo: (_, value) => value,
  greet: (_, name) => `Hello, ${name}!`,
  square: (_, number) => number * number,
  flaky(_, { key, failures }) {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt <= failures) throw new InteropError(`attempt ${attempt} of ${key} fails`);
    return attempt;
  },
  fail(_, message) {
    throw new InteropError(message);
  },
};

const basics = {
  async *sequence(context, name) {
    const greetings = [];
    for (const step of [1, 2, 3]) greetings.push(yield context.callActivity(named("greet"), name + step));
    return greetings;
  },
  async *fanout(context, count) {
    const tasks = Array.from({ length: count }, (_, i) => context.callActivity(named("square"), i + 1));
    const squares = yield whenAll(tasks);
    return { sum: squares.reduce((sum, square) => sum + square, 0), count: squares.length };
  },
  async *timer(context, delayMs) {
    const before = context.currentUtcDateTime.getTime();
    yield context.createTimer(new Date(before + delayMs));
    return { fired: true, early: context.currentUtcDateTime.getTime() - before < delayMs };
  },
  async *events(context) {
    const first = yield context.waitForExternalEvent("First");
    const second = yield context.waitForExternalEvent("Second");
    return [first, second];
  },
  async *event_or_timeout(context, delayMs) {
    const event = context.waitForExternalEvent("Go");
    const timer = context.createTimer(new Date(context.currentUtcDateTime.getTime() + delayMs));
    const winner = yield whenAny([event, timer]);
    return winner === event ? `event ${event.getResult()}` : "timeout";
  },
  async *echo_through(context, value) {
    return yield context.callActivity(named("echo"), value);
  },
  async *hold(context) {
    context.setCustomStatus("holding");
    return yield context.waitForExternalEvent("Release");
  },
  async *status(context) {
    context.setCustomStatus({ step: 1 });
    yield context.waitForExternalEvent("Next");
    context.setCustomStatus({ step: 2, note: "ünï" });
    return "done";
  },
  async *continue(context, { left, total }) {
    if (left === 0) return total;
    const square = yield context.callActivity(named("square"), left);
    context.continueAsNew({ left: left - 1, total: total + square }, false);
  },
  async *collect(context, { left, seen }) {
    if (left === 0) return seen;
    const item = yield context.waitForExternalEvent("Item");
    context.continueAsNew({ left: left - 1, seen: [...seen, item] }, true);
  },
};

const children = {
  async *parent(context, count) {
    const tasks = Array.from({ length: count }, (_, index) => {
      const number = index + 1;
      const own = number % 2 === 1 ? { instanceId: `${context.instanceId}-child-${number}` } : {};
      return context.callSubOrchestrator(named("child"), number, own);
    });
    return yield whenAll(tasks);
  },
  async *child(context, number) {
    return (yield context.callActivity(named("square"), number)) + 1;
  },
  async *tree(context, { depth }) {
    if (depth === 0) return yield context.waitForExternalEvent("Never");
    const instanceId = `${context.instanceId}-sub`;
    return yield context.callSubOrchestrator(named("tree"), { depth: depth - 1 }, { instanceId });
  },
  async *relay(context, { activity, activityInput, orchestrator, orchestratorInput }) {
    return {
      activity: yield context.callActivity(activity, activityInput),
      orchestrator: yield context.callSubOrchestrator(orchestrator, orchestratorInput),
    };
  },
};

const failures = {
  async *retry(context, { key, failures, attempts }) {
    return yield context.callActivity(named("flaky"), { key, failures }, retry(attempts));
  },
  async *retry_child(context, { key, failures, attempts }) {
    return yield context.callSubOrchestrator(named("flaky_child"), { key, failures }, retry(attempts));
  },
  async *flaky_child(context, input) {
    return yield context.callActivity(named("flaky"), input);
  },
  // eslint-disable-next-line require-yield -- an orchestrator is a generator, even one that only fails
  async *throw(_, message) {
    throw new InteropError(message);
  },
  async *fail_through(context, message) {
    return yield context.callActivity(named("fail"), message);
  },
  async *fail_caught(context, message) {
    try {
      yield context.callActivity(named("fail"), message);
      return null;
    } catch (error) {
      return { type: error.details.errorType, message: error.details.message };
    }
  },
};

/** What not every SDK has. */
const extras = {
  // eslint-disable-next-line require-yield -- see above
  async *send(context, { to, name, data }) {
    context.sendEvent(to, name, data);
    return "sent";
  },
  // eslint-disable-next-line require-yield -- see above
  async *version(context) {
    return context.version;
  },
  async *tagged(context) {
    return yield context.callActivity(named("echo"), "tagged", { tags: { step: "one" } });
  },
  async *entity_call(context, { key, amount }) {
    const added = yield context.entities.callEntity(counterId(key), "add", amount);
    return [added, yield context.entities.callEntity(counterId(key), "get")];
  },
  async *entity_signal(context, { key, amount }) {
    context.entities.signalEntity(counterId(key), "add", amount);
    context.entities.signalEntity(counterId(key), "add", amount);
    return yield context.entities.callEntity(counterId(key), "get");
  },
  async *entity_transfer(context, { from, to, amount }) {
    const lock = yield context.entities.lockEntities(counterId(from), counterId(to));
    const balance = yield context.entities.callEntity(counterId(from), "get");
    let moved = false;
    if (balance >= amount) {
      yield context.entities.callEntity(counterId(from), "add", -amount);
      yield context.entities.callEntity(counterId(to), "add", amount);
      moved = true;
    }
    lock.release();
    return moved;
  },
  async *entity_fail(context, key) {
    try {
      yield context.entities.callEntity(counterId(key), "fail", "entity failure");
      return null;
    } catch (error) {
      return String(error.message).includes("entity failure");
    }
  },
};

export const orchestrators = { ...basics, ...children, ...failures, ...extras };

class Counter extends TaskEntity {
  initializeState() {
    return 0;
  }

  add(amount) {
    this.state += amount;
    return this.state;
  }

  get() {
    return this.state;
  }

  fail(message) {
    throw new InteropError(message);
  }
}

export const entities = { counter: () => new Counter() };
export { named };
