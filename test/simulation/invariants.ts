import { isEntityId } from "../../src/core/entity-id.ts";
import { decodeChunk } from "../../src/core/history-chunk.ts";
import type { HistoryEvent, TaskScheduled } from "../../src/core/history-event.ts";
import { isTerminal } from "../../src/core/orchestration-status.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { OrchestratorSession } from "../../src/core/orchestrator-session.ts";
import type { HistoryChunk, InstanceRecord } from "../../src/storage/index.ts";
import { evaluate, type Meaning } from "./evaluate.ts";
import { orchestrator } from "./interpret.ts";
import { type Program, stepsOf } from "./programs.ts";
import type { Root } from "./users.ts";
import { allInstances } from "./watcher.ts";
import type { World } from "./world.ts";

/** All that is wrong with a world that has come to rest, in words. */
export async function findViolations(world: World, roots: readonly Root[]): Promise<readonly string[]> {
  const all = await allInstances(world);
  const records = all.filter(({ instanceId }) => !isEntityId(instanceId));
  const byId = new Map(records.map((record) => [record.instanceId, record]));
  const violations: string[] = [];
  for (const root of roots) violations.push(...acknowledgedStart(root, byId.get(root.instanceId)));
  for (const record of records) {
    violations.push(...wrongEnd(record, byId, roots));
    const chunks: HistoryChunk[] = [];
    for await (const chunk of world.store.query.history(record.instanceId)) chunks.push(chunk);
    const history = chunks.flatMap((chunk) => decodeChunk(chunk, record));
    violations.push(
      ...gaps(record, chunks),
      ...doubleResults(record, history),
      ...unrunActivities(record, history, world),
      ...(await differentReplay(record, history, world)),
    );
  }
  const failed = new Set(
    records.flatMap(({ instanceId, status }) => (status === "Failed" ? instanceId : [])),
  );
  const entities = all.filter(({ instanceId }) => isEntityId(instanceId));
  return [...violations, ...world.ledgers.violationsOf(entities), ...(await leftovers(world, failed))];
}

/** Every instance with its history, to be read by people. */
export async function describeWorld(world: World): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const record of await allInstances(world)) {
    lines.push(
      "",
      `${record.instanceId} (run ${record.run}) ${record.status} ${record.output ?? ""}`,
      `  ${record.input}`,
    );
    for await (const chunk of world.store.query.history(record.instanceId)) {
      lines.push(`  #${chunk.seq} at ${chunk.at}: ${chunk.events}`);
    }
    for (const { id, event } of await world.store.query.messages(record.instanceId)) {
      lines.push(`  waiting ${id}: ${event}`);
    }
  }
  return lines;
}

function acknowledgedStart(root: Root, record: InstanceRecord | undefined): readonly string[] {
  if (root.purged && record) return [`${root.instanceId} was purged and is there again`];
  if (!root.mayBePurged && !record) return [`${root.instanceId} was acknowledged and is not there`];
  return [];
}

function wrongEnd(
  record: InstanceRecord,
  byId: ReadonlyMap<string, InstanceRecord>,
  roots: readonly Root[],
): readonly string[] {
  const { instanceId, status } = record;
  if (!isTerminal(status)) return [`${instanceId} has not ended: ${status}`];
  const root = roots.find((each) => each.instanceId === instanceId);
  const parent = record.parent && byId.get(record.parent.instanceId);
  const mayBeOrphan = record.parent !== undefined && (parent === undefined || parent.status === "Terminated");
  if (status === "Terminated" && (root?.terminated || parent?.name === "hasty" || mayBeOrphan)) return [];
  const program = root?.program ?? (JSON.parse(record.input ?? "null") as Program);
  if (!("bodies" in program)) return status === "Completed" ? [] : [`${instanceId} heard nothing: ${status}`];
  if (status === "Failed" && isBrittle(program) && mayStayFailed(roots)) return [];
  return difference(instanceId, meaningOf(program, record), record);
}

/** An execution that goes on from others keeps the custom status of theirs until it sets one. */
function meaningOf(program: Program, record: InstanceRecord): Meaning {
  const meaning = evaluate(program);
  if (program.results.length === 0 || meaning.customStatus !== null) return meaning;
  return { ...meaning, customStatus: numberOrNull(record.customStatus) };
}

function difference(instanceId: string, meaning: Meaning, record: InstanceRecord): readonly string[] {
  const ended: Meaning =
    record.status === "Completed"
      ? {
          status: "Completed",
          output: parsed(record.output),
          customStatus: numberOrNull(record.customStatus),
        }
      : { status: record.status as "Failed", customStatus: numberOrNull(record.customStatus) };
  if (JSON.stringify(ended) === JSON.stringify(meaning)) return [];
  const reason = record.status === "Completed" ? "" : ` (${record.output ?? ""})`;
  return [`${instanceId} means ${JSON.stringify(meaning)} and came to ${JSON.stringify(ended)}${reason}`];
}

/** Its user does not rewind a root that is terminated, nor go on rewinding one that means to fail anyway. */
function mayStayFailed(roots: readonly Root[]): boolean {
  return roots.some((root) => root.terminated || evaluate(root.program).status === "Failed");
}

function isBrittle(program: Program): boolean {
  return program.bodies.some((body) => [...stepsOf(body, true)].some((step) => step.op === "brittle"));
}

function gaps({ instanceId }: InstanceRecord, chunks: readonly HistoryChunk[]): readonly string[] {
  const isWhole = chunks.every((chunk, index) => chunk.seq === index);
  return isWhole ? [] : [`the history of ${instanceId} has chunks ${chunks.map(({ seq }) => seq).join()}`];
}

function doubleResults({ instanceId }: InstanceRecord, history: readonly HistoryEvent[]): readonly string[] {
  const seen = new Set<string>();
  return history.flatMap((event) => {
    const key = resultKey(event);
    if (key === undefined) return [];
    if (seen.has(key)) return [`${instanceId} has two results for ${key}`];
    seen.add(key);
    return [];
  });
}

function resultKey(event: HistoryEvent): string | undefined {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
      return `activity ${event.taskScheduledId}`;
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return `child ${event.instanceId}`;
    case "TimerFired":
      return `timer ${event.timerId}`;
    case "EntityOperationCompleted":
    case "EntityOperationFailed":
      return `request ${event.requestId}`;
    case "ExecutionStarted":
    case "ExecutionCompleted":
      return event.type;
    case "TaskScheduled":
    case "TimerCreated":
    case "SubOrchestrationInstanceCreated":
    case "EventSent":
    case "EntityOperationCalled":
    case "EntityOperationSignaled":
    case "EntityLockRequested":
    case "EntityUnlockSent":
      return `action ${event.eventId}`;
    default:
      return undefined;
  }
}

/** Each recorded result of an activity is one of its runs. */
function unrunActivities(
  { instanceId }: InstanceRecord,
  history: readonly HistoryEvent[],
  world: World,
): readonly string[] {
  const calls = new Map<number, TaskScheduled>();
  const results = new Map<string, number>();
  return history.flatMap((event) => {
    if (event.type === "TaskScheduled") calls.set(event.eventId, event);
    if (event.type !== "TaskCompleted" && event.type !== "TaskFailed") return [];
    const call = calls.get(event.taskScheduledId);
    if (call === undefined)
      return [`${instanceId} has a result of activity ${event.taskScheduledId}, which it never called`];
    const key = `${call.name}(${call.input ?? ""})`;
    const count = (results.get(key) ?? 0) + 1;
    results.set(key, count);
    if (world.activities.runsOf(instanceId, call.name, call.input) >= count) return [];
    return [`${instanceId} has more results of ${key} than runs`];
  });
}

/** A cold session that is shown the final history comes to the recorded end, and asks for nothing more. */
async function differentReplay(
  record: InstanceRecord,
  history: readonly HistoryEvent[],
  { styles, orchestratesElsewhere }: World,
): Promise<readonly string[]> {
  // Elsewhere an end that is asked for comes before what came with it, and what nobody waits for is left out.
  if (orchestratesElsewhere && record.status === "Terminated") return [];
  const isMissed = ({ type }: OrchestratorAction): boolean =>
    !orchestratesElsewhere || (type !== "ScheduleTask" && type !== "CreateTimer");
  const started = history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted") return [];
  const differences: string[] = [];
  for (const style of styles) {
    const session = new OrchestratorSession(
      { name: record.name, handler: orchestrator(style), completeOnReturn: record.name === "hasty" },
      started,
      { settle: macrotask, onStray: () => undefined, maxActions: 10_000 },
    );
    await session.replay(history);
    const { completion, actions: all } = await session.execute([], record.lastUpdatedAt);
    const actions = all.filter(isMissed);
    if (actions.length > 0)
      differences.push(`a replay of ${record.instanceId} wants ${JSON.stringify(actions)}`);
    if (completion?.status !== record.status || completion.result !== record.output) {
      differences.push(
        `a replay of ${record.instanceId} comes to ${completion?.status} ${completion?.result}`,
      );
    }
  }
  return differences;
}

const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** What lies in the store for instances that have all ended: nothing, but answers of entities for those that may be rewound. */
async function leftovers(world: World, failed: ReadonlySet<string>): Promise<readonly string[]> {
  const { hub } = world.store;
  const observer = world.store.worker({
    workerId: "observer",
    processId: 0,
    hostName: "outside",
    leaseMs: 1,
  });
  const found: string[] = [];
  for (let partition = 0; partition < hub.partitionCount; partition++) {
    const left = await observer.pull({
      partition,
      limit: 1_000,
      now: Number.MAX_SAFE_INTEGER,
      afterMessage: 0,
      timers: { until: Number.MAX_SAFE_INTEGER },
      recover: { afterInstanceId: "" },
    });
    for (const message of left.messages) {
      const isKept = message.event.includes('"EntityOperation') && failed.has(message.instanceId);
      if (!isKept) found.push(`a message for ${message.instanceId} lies there: ${message.event}`);
    }
    for (const timer of left.timers) found.push(`a timer of ${timer.instanceId} lies there`);
    for (const instanceId of left.recover) found.push(`${instanceId} has ended and asks for recovery`);
    for (const { instanceId } of left.starts) found.push(`${instanceId} waits to start`);
  }
  return found;
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
