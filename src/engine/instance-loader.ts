import { decodeChunk, decodeMessage } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import { OrchestratorSession } from "../core/orchestrator-session.ts";
import type { InstanceRecord, LoadedInstance } from "../storage/index.ts";
import { type ActiveInstance, type PendingMessage, startedEvent } from "./active-instance.ts";
import type { OrchestrationSession } from "./executor.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { untilAnswered } from "./store-retry.ts";

/** held: it must not run now; what is for it stays in the store. */
export type Loading =
  | { readonly type: "ready" | "missing" | "held" | "ended" }
  | { readonly type: "unreadable"; readonly error: Error };

type LoaderPorts = Pick<PartitionPorts, "load" | "executor" | "query" | "clock" | "logger">;

/** Reads an instance and brings its orchestrator to where its history ends. */
export async function loadInstance(instance: ActiveInstance, ports: LoaderPorts): Promise<Loading> {
  const loaded = await untilAnswered(() => ports.load(instance.instanceId), ports);
  if (loaded === undefined) return { type: "missing" };
  const { record } = loaded;
  if (isTerminal(record.status)) return { type: "ended" };
  const terminating = instance.inbox.some((message) => message.event?.type === "ExecutionTerminated");
  if (!terminating && mustWait(record, ports)) return { type: "held" };
  adopt(instance, loaded);
  if (record.quarantined !== undefined) {
    instance.session = endOnly(instance);
    return { type: "ready" };
  }
  try {
    await replay(instance, loaded, ports);
  } catch (error) {
    return { type: "unreadable", error: error instanceof Error ? error : new Error(String(error)) };
  }
  return { type: "ready" };
}

function mustWait(record: InstanceRecord, ports: LoaderPorts): boolean {
  if (record.quarantined !== undefined) return true;
  if (record.status === "Pending") return (record.scheduledAt ?? 0) > ports.clock.now();
  return !ports.executor.hasOrchestrator(record.name);
}

function adopt(instance: ActiveInstance, { record, chunks }: LoadedInstance): void {
  instance.run = record.run;
  instance.nextSeq = (chunks.at(-1)?.seq ?? -1) + 1;
  instance.row = {
    status: record.status,
    recover: record.recover,
    hasOutput: record.output !== undefined,
    customStatus: record.customStatus,
  };
  instance.bytes = chunks.reduce((sum, chunk) => sum + chunk.events.length * 2, 0);
}

async function replay(
  instance: ActiveInstance,
  { record, chunks }: LoadedInstance,
  ports: LoaderPorts,
): Promise<void> {
  const history = chunks.flatMap((chunk) => decodeChunk(chunk, record));
  const begun = history.find((event) => event.type === "ExecutionStarted");
  const started = begun?.type === "ExecutionStarted" ? begun : startedEvent(record);
  instance.started = started;
  instance.session = ports.executor.openSession(started, () => undefined);
  if (begun) {
    await instance.session.replay(history);
    return;
  }
  instance.inbox.unshift({ event: started }, ...(await waiting(instance, ports)));
}

/** What came for the instance before it could begin (S-67). */
async function waiting(instance: ActiveInstance, ports: LoaderPorts): Promise<readonly PendingMessage[]> {
  const known = new Set(instance.inbox.map((message) => message.storedId));
  const stored = await untilAnswered(() => ports.query.messages(instance.instanceId), ports);
  return stored
    .filter((message) => !known.has(message.id))
    .map((message) => ({ event: decodeMessage(message.event), storedId: message.id }));
}

/** A session for an instance whose code must not run: all it can do is to end. */
function endOnly(instance: ActiveInstance): OrchestrationSession {
  const started = startedEvent({
    instanceId: instance.instanceId,
    run: instance.run,
    executionId: "",
    name: "",
    createdAt: 0,
  });
  const session = new OrchestratorSession({ name: "", handler: () => undefined }, started, {
    settle: () => Promise.resolve(),
    onStray: () => undefined,
    maxActions: 1,
  });
  return {
    openTasks: session.actions.open,
    isDue: false,
    isPending: () => false,
    awaitedEvents: [],
    hasReturned: false,
    get suspension() {
      return session.suspension;
    },
    replay: (history: readonly HistoryEvent[]) => session.replay(history),
    execute: (messages, now) => session.execute(messages, now),
  };
}
