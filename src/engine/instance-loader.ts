import { isEntityId } from "../core/entity-id.ts";
import { decodeEntity } from "../core/entity-state.ts";
import type { Disagreement } from "../core/errors.ts";
import { decodeChunk, decodeMessage, memoOf } from "../core/history-chunk.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { isTerminal, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord, LoadedInstance, StoredMessage } from "../storage/index.ts";
import { type ActiveInstance, type PendingMessage, startedEvent } from "./active-instance.ts";
import { isSuspect } from "./crash-guard.ts";
import { endOnly, failedAtOnce } from "./end-only-session.ts";
import { haltOf, isVersionMissing, isWorkerMissing, versionMismatch } from "./halt.ts";
import type { HeldMessages } from "./held-messages.ts";
import { isTerminating, putFirst } from "./inbox.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { untilAnswered } from "./store-retry.ts";

export type Loading =
  | { readonly type: "ready" | "missing" }
  | { readonly type: "ended"; readonly status: RuntimeStatus }
  /** It must not run now; what is for it stays in the store. With a start that no worker here has the version of. */
  | { readonly type: "held"; readonly start?: Pick<InstanceRecord, "run" | "name" | "version"> }
  /** Its code is elsewhere, and no worker is connected that has it. */
  | { readonly type: "awaiting-worker"; readonly record: Pick<InstanceRecord, "run" | "name" | "version"> }
  /** Its code disagrees with its history; what is for it stays in the store. */
  | { readonly type: "blocked"; readonly disagreement: Disagreement }
  | { readonly type: "unreadable"; readonly error: Error };

type LoaderPorts = Pick<
  PartitionPorts,
  "load" | "executor" | "settings" | "query" | "clock" | "logger" | "isStopped"
>;

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
  if (isTerminal(record.status)) return { type: "ended", status: record.status };
  instance.started = startedEvent(record);
  const terminating = isTerminating(instance);
  const found = haltOf(record, ports);
  const isElsewhere = found !== undefined && isWorkerMissing(found);
  const halt = terminating && isElsewhere ? undefined : found;
  const fails =
    halt !== undefined && isVersionMissing(halt) && ports.settings.versionFailureStrategy === "Fail";
  if (!terminating && isEarly(record, ports)) return { type: "held" };
  if (halt && isElsewhere) return { type: "awaiting-worker", record };
  if (!terminating && halt && !fails) {
    const isStart = record.status === "Pending" && isVersionMissing(halt);
    return isStart ? { type: "held", start: record } : { type: "held" };
  }
  adopt(instance, loaded);
  if (halt) {
    const { started } = instance;
    instance.session = terminating || !fails ? endOnly(started) : failedAtOnce(versionMismatch(record));
    if (record.status === "Pending") await beginWith(instance, started, held, ports);
    return { type: "ready" };
  }
  try {
    const disagreement = await replay(instance, loaded, held, ports);
    if (disagreement === undefined || ports.settings.nonDeterministicInstances === "Fail") {
      return { type: "ready" };
    }
    if (!terminating) return { type: "blocked", disagreement };
    instance.session = endOnly(instance.started);
    return { type: "ready" };
  } catch (error) {
    return { type: "unreadable", error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** An entity that nobody has used yet comes into being with its first batch (S-141). */
function adoptEntity(instance: ActiveInstance, loaded: LoadedInstance | undefined): Loading {
  if (loaded?.record.quarantined !== undefined) return { type: "held" };
  try {
    const state = decodeEntity(loaded?.record.input);
    instance.entity = { state, queue: [], waiting: 0, isDue: false, withdraw: undefined };
  } catch (error) {
    return { type: "unreadable", error: error instanceof Error ? error : new Error(String(error)) };
  }
  if (loaded === undefined) return { type: "ready" };
  adopt(instance, loaded);
  instance.started = startedEvent(loaded.record);
  instance.bytes += (loaded.record.input?.length ?? 0) * 2;
  return { type: "ready" };
}

function isEarly(record: InstanceRecord, { clock }: LoaderPorts): boolean {
  return record.status === "Pending" && (record.scheduledAt ?? 0) > clock.now();
}

function adopt(instance: ActiveInstance, { record, chunks }: LoadedInstance): void {
  instance.run = record.run;
  if (instance.recovering && isSuspect(record)) instance.suspicion = "counted";
  instance.nextSeq = (chunks.at(-1)?.seq ?? -1) + 1;
  instance.row = {
    status: record.status,
    recover: record.recover,
    hasOutput: record.output !== undefined,
    customStatus: record.customStatus,
  };
  instance.bytes = chunks.reduce((sum, chunk) => sum + chunk.events.length * 2, 0);
}

/** The answer is what its code and its history disagree about, if they do. */
async function replay(
  instance: ActiveInstance,
  { record, chunks }: LoadedInstance,
  held: HeldMessages,
  ports: LoaderPorts,
): Promise<Disagreement | undefined> {
  const history = chunks.flatMap((chunk) => decodeChunk(chunk, record));
  const begun = history.find((event) => event.type === "ExecutionStarted");
  const started = begun?.type === "ExecutionStarted" ? begun : firstStart(instance, record, ports);
  instance.started = started;
  const session = ports.executor.openSession(started, () => undefined);
  instance.session = session;
  const [first] = chunks;
  const needsNoCode = session.runsElsewhere === true && isTerminating(instance);
  if (first && chunks.length === 1 && started.generation !== undefined && !needsNoCode) {
    if (instance.hasRested) await takeStored(instance, held, ports);
    putFirst(instance.inbox, beginnings(history, first.at));
    return undefined;
  }
  if (begun === undefined) {
    await beginWith(instance, started, held, ports);
    return undefined;
  }
  await session.replay(history);
  session.recall?.(memoOf(chunks));
  const disagreement = session.verdict?.disagreement;
  if (instance.hasRested && disagreement === undefined) await takeStored(instance, held, ports);
  return disagreement;
}

/** An instance that was written without a version may get one as it begins. */
function firstStart(
  instance: ActiveInstance,
  record: InstanceRecord,
  { executor }: LoaderPorts,
): ExecutionStarted {
  const version = executor.pinnedVersion(record.name, record.version);
  if (version !== record.version) instance.pinnedVersion = version;
  return startedEvent({ ...record, ...(version === undefined ? {} : { version }) });
}

async function beginWith(
  instance: ActiveInstance,
  started: ExecutionStarted,
  held: HeldMessages,
  ports: LoaderPorts,
): Promise<void> {
  await takeStored(instance, held, ports);
  instance.inbox.unshift({ event: started });
}

/** What was left in the store comes before what is in memory. */
async function takeStored(instance: ActiveInstance, held: HeldMessages, ports: LoaderPorts): Promise<void> {
  await held.whileAsking(async () => {
    const stored = await untilAnswered(() => ports.query.messages(instance.instanceId), ports);
    putFirst(instance.inbox, inOrder(instance, stored, held));
  });
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
