import { isEntityId } from "../core/entity-id.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import { foldHistory, type RuntimeState } from "../core/runtime-state.ts";
import { explain, type WaitingExplanation, type WaitingReason } from "../core/waiting-reason.ts";
import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import type { OrchestrationSession } from "./executor.ts";
import { haltOf } from "./halt.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";
import { entityReasons, explainEntity, givenBack } from "./why-entities-wait.ts";

/** Why an instance has not ended yet (G6); `undefined` when it has. */
export async function explainWaiting(
  record: InstanceRecord,
  query: QueryStore,
  worker: TaskHubWorker | undefined,
): Promise<WaitingExplanation | undefined> {
  if (isTerminal(record.status)) return undefined;
  if (isEntityId(record.instanceId)) return explainEntity(record, query, worker);
  const history: HistoryEvent[] = [];
  for await (const chunk of query.history(record.instanceId)) history.push(...decodeChunk(chunk, record));
  const messages = await query.messages(record.instanceId);
  const state = foldHistory(history);
  const reasons: WaitingReason[] = [];
  const halt = worker ? haltOf(record, worker) : undefined;
  if (halt) reasons.push(halt);
  else if (record.quarantined !== undefined)
    reasons.push({ type: "quarantined", reason: record.quarantined });
  const session = halt ? undefined : await replayed(history, worker);
  const disagreement = session?.verdict?.disagreement;
  const isBlocked = disagreement !== undefined && worker?.nonDeterministicInstances === "Block";
  if (isBlocked) reasons.push({ type: "blocked", ...disagreement });
  reasons.push(...givenBack(record.instanceId, worker));
  if (state.suspended) reasons.push({ type: "suspended", ...state.suspended });
  if (messages.length > 0) reasons.push({ type: "messages", count: messages.length });
  if (record.status === "Pending") {
    const { scheduledAt } = record;
    reasons.push({ type: "start", ...(scheduledAt === undefined ? {} : { scheduledAt }) });
    return explain(record.instanceId, reasons);
  }
  const work = [
    ...openWork(record, state, isBlocked ? undefined : session, worker),
    ...(await entityReasons(state, query, worker)),
  ];
  reasons.push(...work);
  if (work.length === 0 && session === undefined && halt === undefined) {
    reasons.push({ type: "event", names: [] });
  }
  return explain(record.instanceId, reasons);
}

/** The code itself knows best what it waits for; a scratch replay asks it. */
async function replayed(
  history: readonly HistoryEvent[],
  worker: TaskHubWorker | undefined,
): Promise<OrchestrationSession | undefined> {
  const started = history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted" || worker === undefined) return undefined;
  const session = worker.executor.openSession(started, () => undefined);
  await session.replay(history);
  return session;
}

function openWork(
  record: InstanceRecord,
  state: RuntimeState,
  session: OrchestrationSession | undefined,
  worker: TaskHubWorker | undefined,
): readonly WaitingReason[] {
  const reasons: WaitingReason[] = [];
  if (session?.hasReturned) reasons.push({ type: "returned", openTasks: session.openTasks.size });
  for (const { id, name, since } of state.activities) {
    const state = worker?.activityState(record.run, id) ?? "unknown";
    reasons.push({ type: "activity", name, taskId: id, since, state });
  }
  for (const { name, instanceId, since } of state.children) {
    reasons.push({ type: "sub-orchestration", name, instanceId, since });
  }
  const canceled = (id: number): boolean => session !== undefined && session.openTasks.get(id) === undefined;
  for (const timer of state.timers) {
    if (canceled(timer.id)) continue;
    const purpose =
      timer.retryOf !== undefined ? "retry" : timer.timeoutOf !== undefined ? "event-timeout" : "timer";
    reasons.push({ type: "timer", dueAt: timer.fireAt, purpose });
  }
  const names = session?.awaitedEvents ?? [];
  if (names.length > 0) reasons.unshift({ type: "event", names });
  return reasons;
}
