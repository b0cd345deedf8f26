import { isEntityId } from "../core/entity-id.ts";
import { decodeEntity } from "../core/entity-state.ts";
import { decodeChunk, decodeMessage } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import { OrchestratorSession } from "../core/orchestrator-session.ts";
import type { InstanceRecord, LoadedInstance, StoredMessage } from "../storage/index.ts";
import { type ActiveInstance, type PendingMessage, startedEvent } from "./active-instance.ts";
import type { OrchestrationSession } from "./executor.ts";
import type { HeldMessages } from "./held-messages.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { untilAnswered } from "./store-retry.ts";

/** held: it must not run now; what is for it stays in the store. */
export type Loading =
  | { readonly type: "ready" | "missing" | "held" | "ended" }
  | { readonly type: "unreadable"; readonly error: Error };

type LoaderPorts = Pick<PartitionPorts, "load" | "executor" | "query" | "clock" | "logger" | "isStopped">;

/** Reads an instance and brings its orchestrator to where its history ends. */
export async function loadInstance(
  instance: ActiveInstance,
  held: HeldMessages,
  ports: LoaderPorts,
): Promise<Loading> {
  const loaded = await untilAnswered(() => ports.load(instance.instanceId), ports);
  if (isEntityId(instance.instanceId)) return adoptEntity(instance, loaded);
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
    await replay(instance, loaded, held, ports);
  } catch (error) {
    return { type: "unreadable", error: error instanceof Error ? error : new Error(String(error)) };
  }
  return { type: "ready" };
}

/** An entity that nobody has used yet comes into being with its first batch (S-141). */
function adoptEntity(instance: ActiveInstance, loaded: LoadedInstance | undefined): Loading {
  if (loaded?.record.quarantined !== undefined) return { type: "held" };
  try {
    const state = decodeEntity(loaded?.record.input);
    instance.entity = { state, queue: [], isDue: false };
  } catch (error) {
    return { type: "unreadable", error: error instanceof Error ? error : new Error(String(error)) };
  }
  if (loaded === undefined) return { type: "ready" };
  adopt(instance, loaded);
  instance.started = startedEvent(loaded.record);
  instance.bytes += (loaded.record.input?.length ?? 0) * 2;
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
  held: HeldMessages,
  ports: LoaderPorts,
): Promise<void> {
  const history = chunks.flatMap((chunk) => decodeChunk(chunk, record));
  const begun = history.find((event) => event.type === "ExecutionStarted");
  const started = begun?.type === "ExecutionStarted" ? begun : startedEvent(record);
  instance.started = started;
  instance.session = ports.executor.openSession(started, () => undefined);
  const [first] = chunks;
  if (first && chunks.length === 1 && started.generation !== undefined) {
    instance.inbox.unshift(...beginnings(history, first.at));
    return;
  }
  if (begun) {
    await instance.session.replay(history);
    return;
  }
  const stored = await untilAnswered(() => ports.query.messages(instance.instanceId), ports);
  instance.inbox.unshift({ event: started }, ...inOrder(instance, stored, held));
}

/** What a continue-as-new has left for the next execution, whose code has not run while this is all there is. */
function beginnings(history: readonly HistoryEvent[], recordedAt: number): readonly PendingMessage[] {
  return history.flatMap((event) =>
    event.type === "ExecutionStarted" || event.type === "EventRaised" ? [{ event, recordedAt }] : [],
  );
}

/** What came for the instance before it could begin (S-67), in the order of arrival; what is in memory goes with it. */
function inOrder(
  instance: ActiveInstance,
  stored: readonly StoredMessage[],
  held: HeldMessages,
): readonly PendingMessage[] {
  const inMemory = new Map(instance.inbox.map((message) => [message.storedId, message]));
  const messages = stored.flatMap(({ id, event }) => {
    const known = inMemory.get(id);
    if (known) return known;
    return held.hold(id) ? { event: decodeMessage(event), storedId: id } : [];
  });
  const others = instance.inbox.splice(0).filter((message) => !messages.includes(message));
  return [...messages, ...others];
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
