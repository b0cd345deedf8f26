import { isEntityId } from "../core/entity-id.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isTerminal, RUNTIME_STATUSES, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { WaitingReason } from "../core/waiting-reason.ts";
import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import type { Executor } from "./executor.ts";
import { haltOf } from "./halt.ts";

/** Why an instance does not go on with some code. */
export type Misfit =
  | Extract<WaitingReason, { readonly type: "blocked" | "orchestrator-missing" | "version-missing" }>
  /** The code fails it at once, or its history cannot be read. */
  | { readonly type: "fails"; readonly text: string };

export interface CheckedInstance {
  readonly instanceId: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly status: RuntimeStatus;
  /** `undefined`: the code goes on with it. */
  readonly misfit: Misfit | undefined;
}

const OPEN_STATUSES = RUNTIME_STATUSES.filter((status) => !isTerminal(status));
const PAGE = 200;
/** An instance that begins anew while it is read is read again, so often; one that does so all the time fits. */
const TRIES = 3;

/** Replays every instance that has not ended over the code of this executor. Nothing is written, one is in memory at a time. */
export async function* checkInstances(
  query: QueryStore,
  executor: Executor,
): AsyncGenerator<CheckedInstance> {
  let continuationToken: string | undefined;
  do {
    const page = await query.list(
      { statuses: OPEN_STATUSES },
      { size: PAGE, payloads: false, ...(continuationToken === undefined ? {} : { continuationToken }) },
    );
    for (const { instanceId } of page.instances) {
      if (isEntityId(instanceId)) continue;
      const checked = await checkInstance(instanceId, query, executor);
      if (checked) yield checked;
    }
    ({ continuationToken } = page);
  } while (continuationToken !== undefined);
}

/** `undefined` for one that has ended meanwhile, or that nobody runs: it is in quarantine. */
async function checkInstance(
  instanceId: string,
  query: QueryStore,
  executor: Executor,
): Promise<CheckedInstance | undefined> {
  for (let attempt = 1; ; attempt++) {
    const record = await query.get(instanceId);
    if (record === undefined || isTerminal(record.status) || record.quarantined !== undefined)
      return undefined;
    const misfit = await misfitOf(record, query, executor);
    const isStill = misfit === undefined || (await query.get(instanceId))?.run === record.run;
    if (!isStill && attempt < TRIES) continue;
    const { name, version, status } = record;
    return { instanceId, name, version, status, misfit: isStill ? misfit : undefined };
  }
}

async function misfitOf(
  record: InstanceRecord,
  query: QueryStore,
  executor: Executor,
): Promise<Misfit | undefined> {
  const { name } = record;
  const version = executor.pinnedVersion(name, record.version);
  if (executor.match(name, version).type === "missing") return { type: "orchestrator-missing", name };
  const halt = haltOf(record, { executor });
  if (halt) return halt.type === "quarantined" || halt.type === "worker-missing" ? undefined : halt;
  if (record.status === "Pending") return undefined;
  try {
    return await replayed(record, query, executor);
  } catch (error) {
    return { type: "fails", text: error instanceof Error ? error.message : String(error) };
  }
}

async function replayed(
  record: InstanceRecord,
  query: QueryStore,
  executor: Executor,
): Promise<Misfit | undefined> {
  const history: HistoryEvent[] = [];
  for await (const chunk of query.history(record.instanceId)) history.push(...decodeChunk(chunk, record));
  const started = history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted") return undefined;
  const session = executor.openSession(started, () => undefined);
  await session.replay(history);
  const disagreement = session.verdict?.disagreement;
  if (disagreement) return { type: "blocked", ...disagreement };
  if (!session.isDue || !session.hasReturned) return undefined;
  const { completion } = await session.execute([], record.lastUpdatedAt);
  if (completion?.status !== "Failed") return undefined;
  return { type: "fails", text: completion.failure?.errorMessage ?? "The code fails." };
}
