import {
  EntityInstanceId,
  OrchestrationStatus,
  PurgeInstanceCriteria,
  terminateOptions,
} from "@microsoft/durabletask-js";
import { delay, equal, eventually, includes, parse, rejects } from "./checks.mjs";

const byText = (a, b) => (String(a) < String(b) ? -1 : 1);
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const { COMPLETED, FAILED, PENDING, RUNNING, SUSPENDED, TERMINATED } = OrchestrationStatus;

const basics = {
  async sequence(t) {
    const id = await t.start("sequence", "ünï");
    const state = await t.completes(id, ["Hello, ünï1!", "Hello, ünï2!", "Hello, ünï3!"]);
    equal(state.name, t.name("sequence"), "name");
    equal(parse(state.serializedInput), "ünï", "input");
  },
  async fanout(t) {
    await t.completes(await t.start("fanout", 20), { sum: 2870, count: 20 });
  },
  async timer(t) {
    await t.completes(await t.start("timer", 300), { fired: true, early: false });
  },
  async timer_now(t) {
    await t.completes(await t.start("timer", 0), { fired: true, early: false });
  },
  async payloads(t) {
    const values = ["", '𝄞 ✓ "quoted"\n', 0, false, [], {}, { list: [1, 2.5, null, { deep: "ß" }] }];
    for (const value of values) await t.completes(await t.start("echo_through", value), value);
    const long = "0123456789".repeat(30_000);
    await t.completes(await t.start("echo_through", long), long);
  },
  async events_after_start(t) {
    const id = await t.start("events");
    await t.started(id);
    await t.client.raiseOrchestrationEvent(id, "Second", { n: 2 });
    await t.client.raiseOrchestrationEvent(id, "First", [1]);
    await t.completes(id, [[1], { n: 2 }]);
  },
  async events_before_start(t) {
    const id = await t.start("events", undefined, { startAt: new Date(Date.now() + 1000) });
    await t.client.raiseOrchestrationEvent(id, "Second", "two");
    await t.client.raiseOrchestrationEvent(id, "First", "one");
    t.status(await t.state(id), PENDING);
    await t.completes(id, ["one", "two"]);
  },
  async event_wins(t) {
    const id = await t.start("event_or_timeout", 15_000);
    await t.client.raiseOrchestrationEvent(id, "Go", "now");
    await t.completes(id, "event now");
  },
  async timeout_wins(t) {
    await t.completes(await t.start("event_or_timeout", 200), "timeout");
  },
  async custom_status(t) {
    const id = await t.start("status");
    const status = async () => parse((await t.state(id)).serializedCustomStatus);
    await eventually(status, { step: 1 }, "custom status");
    await t.client.raiseOrchestrationEvent(id, "Next");
    await t.completes(id, "done");
    equal(await status(), { step: 2, note: "ünï" }, "last custom status");
  },
  async continue_as_new(t) {
    const state = await t.completes(await t.start("continue", { left: 5, total: 0 }), 55);
    equal(parse(state.serializedInput), { left: 0, total: 55 }, "input of the last generation");
  },
};

const children = {
  async sub_orchestrations(t) {
    const id = await t.start("parent", 4);
    await t.completes(id, [2, 5, 10, 17]);
    const child = await t.state(`${id}-child-3`);
    equal(child.name, t.name("child"), "name of the child");
    equal(parse(child.serializedOutput), 10, "output of the child");
  },
  async cross_language(t) {
    const id = await t.start("relay", {
      activity: t.otherName("greet"),
      activityInput: "you",
      orchestrator: t.otherName("sequence"),
      orchestratorInput: "x",
    });
    await t.completes(id, {
      activity: "Hello, you!",
      orchestrator: ["Hello, x1!", "Hello, x2!", "Hello, x3!"],
    });
  },
  async cross_language_back(t) {
    const id = t.newId();
    await t.client.scheduleNewOrchestration(
      t.otherName("relay"),
      {
        activity: t.name("square"),
        activityInput: 7,
        orchestrator: t.name("fail_caught"),
        orchestratorInput: "boom",
      },
      { instanceId: id },
    );
    await t.completes(id, { activity: 49, orchestrator: { type: t.caughtType, message: "boom" } });
  },
};

const failures = {
  async retry(t) {
    await t.completes(await t.start("retry", { key: t.newId(), failures: 2, attempts: 3 }), 3);
  },
  async retry_exhausted(t) {
    const key = t.newId();
    const { message } = await t.fails(await t.start("retry", { key, failures: 3, attempts: 2 }));
    includes(message, `attempt 2 of ${key} fails`, "message");
  },
  async retry_child(t) {
    await t.completes(await t.start("retry_child", { key: t.newId(), failures: 2, attempts: 3 }), 3);
  },
  async failure_details(t) {
    const details = await t.fails(await t.start("throw", "böse"));
    equal([details.errorType, details.message], [t.errorType, "böse"], "failure");
  },
  async failure_of_activity(t) {
    includes((await t.fails(await t.start("fail_through", "böse"))).message, "böse", "message");
  },
  async failure_caught(t) {
    await t.completes(await t.start("fail_caught", "böse"), { type: t.caughtType, message: "böse" });
  },
  async unknown_instance(t) {
    equal(await t.client.getOrchestrationState(t.newId(), true), undefined, "state");
    await rejects(() => t.client.raiseOrchestrationEvent(t.newId(), "Go"), NOT_FOUND, "an event");
  },
  async duplicate_id(t) {
    const id = await t.start("hold");
    await rejects(() => t.start("hold", null, { instanceId: id }), ALREADY_EXISTS, "a second start");
    await t.client.raiseOrchestrationEvent(id, "Release", 1);
    await t.completes(id, 1);
    await t.start("sequence", "again", { instanceId: id });
    await t.completes(id, ["Hello, again1!", "Hello, again2!", "Hello, again3!"]);
  },
};

const management = {
  async suspend_resume(t) {
    const id = await t.start("hold");
    await t.started(id);
    await t.client.suspendOrchestration(id);
    await eventually(async () => (await t.state(id)).runtimeStatus, SUSPENDED, "status");
    await t.client.raiseOrchestrationEvent(id, "Release", "freed");
    await delay(300);
    t.status(await t.state(id), SUSPENDED);
    await t.client.resumeOrchestration(id);
    await t.completes(id, "freed");
  },
  async terminate(t) {
    const id = await t.start("hold");
    await t.started(id);
    await t.client.terminateOrchestration(id, { why: "enough" });
    const state = await t.ended(id);
    t.status(state, TERMINATED);
    equal(parse(state.serializedOutput), { why: "enough" }, "output");
  },
  async terminate_recursive(t) {
    const id = await t.start("tree", { depth: 2 });
    await t.started(id);
    await eventually(() => isRunning(t, `${id}-sub-sub`), true, "the grandchild runs");
    await t.client.terminateOrchestration(id, terminateOptions({ recursive: true, output: "all" }));
    for (const each of [id, `${id}-sub`, `${id}-sub-sub`]) t.status(await t.ended(each), TERMINATED);
  },
  async terminate_alone(t) {
    const id = await t.start("tree", { depth: 1 });
    await eventually(() => isRunning(t, `${id}-sub`), true, "the child runs");
    await t.client.terminateOrchestration(id, terminateOptions({ recursive: false }));
    t.status(await t.ended(id), TERMINATED);
    await delay(200);
    t.status(await t.state(`${id}-sub`), RUNNING);
    await t.client.terminateOrchestration(`${id}-sub`);
    t.status(await t.ended(`${id}-sub`), TERMINATED);
  },
  async purge_by_id(t) {
    const id = await t.start("sequence", "p");
    await t.ended(id);
    equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 1, "purged");
    equal(await t.client.getOrchestrationState(id, false), undefined, "state");
    equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 0, "purged again");
    const live = await t.start("hold");
    equal((await t.client.purgeOrchestration(live)).deletedInstanceCount, 0, "purged alive");
    await t.client.terminateOrchestration(live);
  },
  async purge_by_filter(t) {
    await delay(20);
    const from = new Date();
    const completed = [await t.start("sequence", "p"), await t.start("sequence", "p")];
    const failed = await t.start("throw", "p");
    for (const id of [...completed, failed]) await t.ended(id);
    const criteria = new PurgeInstanceCriteria();
    criteria.setCreatedTimeFrom(from);
    criteria.setCreatedTimeTo(new Date(Date.now() + 1));
    criteria.setRuntimeStatusList([COMPLETED]);
    criteria.setTimeout(15_000);
    equal((await t.client.purgeOrchestration(criteria)).deletedInstanceCount, 2, "purged");
    equal(await t.client.getOrchestrationState(completed[0], false), undefined, "state");
    t.status(await t.state(failed), FAILED);
  },
  async query_pages(t) {
    const prefix = t.newId();
    const ids = [1, 2, 3, 4, 5].map((number) => `${prefix}-${number}`);
    for (const instanceId of ids) await t.start("sequence", "q", { instanceId });
    for (const id of ids) await t.ended(id);
    const query = { instanceIdPrefix: prefix, statuses: [COMPLETED], fetchInputsAndOutputs: true };
    const pages = [];
    for await (const page of t.client.getAllInstances(query).asPages(undefined, 2)) pages.push(page.values);
    equal(
      pages.map((page) => page.length),
      [2, 2, 1],
      "page sizes",
    );
    equal(
      pages
        .flat()
        .map(({ instanceId }) => instanceId)
        .toSorted(byText),
      ids,
      "ids",
    );
    equal(parse(pages[0][0].serializedInput), "q", "input");
    const running = t.client.getAllInstances({ ...query, statuses: [RUNNING] });
    for await (const { instanceId } of running) throw new Error(`${instanceId} is listed as running`);
  },
  async list_ids(t) {
    const from = new Date(Date.now() - 1);
    const held = await t.start("hold");
    const ids = [];
    for (let count = 0; count < 3; count++) {
      const id = await t.start("sequence", "l");
      await t.ended(id);
      ids.push(id);
    }
    await t.client.raiseOrchestrationEvent(held, "Release");
    await t.ended(held);
    ids.push(held);
    const listed = [];
    let lastInstanceKey;
    do {
      const page = await t.client.listInstanceIds({
        runtimeStatus: [COMPLETED],
        completedTimeFrom: from,
        pageSize: 2,
        ...(lastInstanceKey === undefined ? {} : { lastInstanceKey }),
      });
      listed.push(...page.values);
      lastInstanceKey = page.continuationToken;
    } while (lastInstanceKey);
    equal(
      listed.filter((id) => ids.includes(id)),
      ids,
      "in the order of their ends",
    );
  },
  async restart(t) {
    const id = await t.start("sequence", "r");
    await t.ended(id);
    const copy = await t.client.restartOrchestration(id, true);
    equal(copy === id, false, "the same id");
    await t.completes(copy, ["Hello, r1!", "Hello, r2!", "Hello, r3!"]);
    equal(await t.client.restartOrchestration(id), id, "id");
    await t.completes(id, ["Hello, r1!", "Hello, r2!", "Hello, r3!"]);
  },
  async rewind(t) {
    const id = await t.start("flaky_child", { key: t.newId(), failures: 1 });
    await t.fails(id);
    await t.client.rewindInstance(id, "try again");
    await t.completes(id, 2);
  },
  async history(t) {
    const id = await t.start("timer", 10);
    await t.ended(id);
    const events = await t.client.getOrchestrationHistory(id);
    equal(
      events.map(({ type }) => type),
      ["OrchestratorStarted", "ExecutionStarted", "TimerCreated", "OrchestratorStarted", "TimerFired"].concat(
        "ExecutionCompleted",
      ),
      "kinds of events",
    );
  },
};

const isRunning = async (t, id) =>
  (await t.client.getOrchestrationState(id, false))?.runtimeStatus === RUNNING;

const extras = {
  async event_name_case(t) {
    const id = await t.start("hold");
    await t.started(id);
    await t.client.raiseOrchestrationEvent(id, "rELEASE", "any case");
    await t.completes(id, "any case");
  },
  async carried_events(t) {
    const id = await t.start("collect", { left: 5, seen: [] });
    for (const item of [1, 2, 3, 4, 5]) await t.client.raiseOrchestrationEvent(id, "Item", item);
    await t.completes(id, [1, 2, 3, 4, 5]);
  },
  async send_event(t) {
    const to = await t.start("hold");
    await t.completes(await t.start("send", { to, name: "Release", data: { from: "sender" } }), "sent");
    await t.completes(to, { from: "sender" });
  },
  async version(t) {
    await t.completes(await t.start("version", null, { version: "2.1.0" }), "2.1.0");
  },
  async tags(t) {
    const tags = { team: "blue", näme: "wért" };
    const id = await t.start("tagged", null, { tags });
    const state = await t.completes(id, "tagged");
    equal(state.tags, tags, "tags");
    const events = await t.client.getOrchestrationHistory(id);
    equal(events.find(({ type }) => type === "TaskScheduled").tags, { step: "one" }, "tags of the activity");
  },
};

const counter = (t, key) => new EntityInstanceId(t.name("counter"), key);
const stateOf = async (t, key) => {
  const entity = await t.client.getEntity(counter(t, key), true);
  return entity?.includesState === true ? entity.state : undefined;
};

const entities = {
  async entity_signal_and_state(t) {
    const key = t.newId();
    equal(await t.client.getEntity(counter(t, key), true), undefined, "state before");
    await t.client.signalEntity(counter(t, key), "add", 5);
    await t.client.signalEntity(counter(t, key), "add", -2);
    await eventually(() => stateOf(t, key), 3, "state");
    await t.client.signalEntity(counter(t, key), "delete");
    await eventually(() => stateOf(t, key), undefined, "state after delete");
  },
  async entity_signal_later(t) {
    const key = t.newId();
    const signalTime = new Date(Date.now() + 700);
    await t.client.signalEntity(counter(t, key), "add", 1, { signalTime });
    await delay(200);
    equal(await stateOf(t, key), undefined, "state before the time");
    await eventually(() => stateOf(t, key), 1, "state");
  },
  async entity_call(t) {
    const key = t.newId();
    await t.completes(await t.start("entity_call", { key, amount: 4 }), [4, 4]);
    await t.completes(await t.start("entity_call", { key, amount: 3 }), [7, 7]);
  },
  async entity_signal_from_orchestrator(t) {
    await t.completes(await t.start("entity_signal", { key: t.newId(), amount: 21 }), 42);
  },
  async entity_locks(t) {
    const [from, to] = [t.newId(), t.newId()];
    await t.client.signalEntity(counter(t, from), "add", 35);
    await eventually(() => stateOf(t, from), 35, "state");
    const ids = [];
    for (const _ of [1, 2, 3, 4, 5]) ids.push(await t.start("entity_transfer", { from, to, amount: 10 }));
    const moved = [];
    for (const id of ids) moved.push(parse((await t.ended(id)).serializedOutput));
    equal(moved.toSorted(byText), [false, false, true, true, true], "moved");
    equal([await stateOf(t, from), await stateOf(t, to)], [5, 30], "balances");
    const unlocked = async () => (await t.client.getEntity(counter(t, from), true))?.lockedBy;
    await eventually(unlocked, undefined, "lock");
  },
  async entity_failure(t) {
    const key = t.newId();
    await t.completes(await t.start("entity_fail", key), true);
    await t.completes(await t.start("entity_call", { key, amount: 1 }), [1, 1]);
  },
  async entity_query(t) {
    const prefix = t.newId();
    for (const n of [1, 2, 3]) await t.client.signalEntity(counter(t, `${prefix}-${n}`), "add", n);
    for (const n of [1, 2, 3]) await eventually(() => stateOf(t, `${prefix}-${n}`), n, "state");
    const query = {
      instanceIdStartsWith: `@${t.name("counter")}@${prefix}`,
      pageSize: 2,
      includeState: true,
    };
    const found = [];
    for await (const { id, state } of t.client.getEntities(query)) found.push([id.key, state]);
    equal(
      found.toSorted(byText),
      [1, 2, 3].map((n) => [`${prefix}-${n}`, n]),
      "entities",
    );
  },
};

const list = (group, needs) => Object.entries(group).map(([name, run]) => ({ name, needs, run }));

export const scenarios = [
  ...[basics, children, failures, management].flatMap((group) => list(group)),
  ...Object.entries(extras).map(([name, run]) => ({ name, needs: name, run })),
  ...list(entities, "entities"),
];
