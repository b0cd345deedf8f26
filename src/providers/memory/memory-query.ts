import { isEntityId } from "../../core/entity-id.ts";
import { isTerminal } from "../../core/orchestration-status.ts";
import {
  type CompletionFilter,
  type CompletionPageRequest,
  type HistoryChunk,
  type InstanceFilter,
  type InstanceIdPage,
  type InstancePage,
  type InstanceRecord,
  matchesCompletion,
  matchesFilter,
  type PageRequest,
  type PurgeProgress,
  type QueryStore,
  type StatusCounts,
  type StoredMessage,
  terminalOnly,
} from "../../storage/index.ts";
import { compareCompletion, compareIds, decodeCompletion } from "../listing/completion-cursor.ts";
import { decodeCursor, encodeCursor, type ListCursor, orderOf } from "../listing/list-cursor.ts";
import { checkPageSize, cursorAt, emptyCounts, pageOfEnded, withPayloads } from "../listing/page.ts";
import { bytesOf, PageBudget } from "../listing/page-budget.ts";
import type { MemoryHub } from "./memory-hub.ts";
import type { MemoryInstance } from "./memory-instance.ts";

export class MemoryQueryStore implements QueryStore {
  readonly #hub: MemoryHub;

  constructor(hub: MemoryHub) {
    this.#hub = hub;
  }

  async get(instanceId: string): Promise<InstanceRecord | undefined> {
    this.#hub.checkExists();
    return this.#hub.get(instanceId)?.record;
  }

  async list(filter: InstanceFilter, page: PageRequest): Promise<InstancePage> {
    this.#hub.checkExists();
    checkPageSize(page.size);
    const { name } = this.#hub.description;
    const order = orderOf(filter, page.order);
    const after =
      page.continuationToken === undefined
        ? undefined
        : decodeCursor(name, filter, order, page.continuationToken);
    const rest = this.#matching(filter)
      .filter((record) => after === undefined || compare(after, cursorAt(record, order)) < 0)
      .toSorted((left, right) => compare(cursorAt(left, order), cursorAt(right, order)));
    const instances = onPage(rest, page);
    const last = instances.at(-1);
    return {
      instances,
      ...(last !== undefined && rest.length > instances.length
        ? { continuationToken: encodeCursor(name, filter, cursorAt(last, order)) }
        : {}),
    };
  }

  async listByCompletion(
    filter: CompletionFilter,
    { size, continuationToken: token, tokenAtEnd }: CompletionPageRequest,
  ): Promise<InstanceIdPage> {
    this.#hub.checkExists();
    checkPageSize(size);
    const { name } = this.#hub.description;
    const after = token === undefined ? undefined : decodeCompletion(name, filter, token);
    const rest = [...this.#hub.all()]
      .map(({ record }) => record)
      .filter((record) => matchesCompletion(filter, record))
      .filter((ended) => after === undefined || compareCompletion(after, ended) < 0)
      .toSorted(compareCompletion);
    return pageOfEnded(name, filter, { size, tokenAtEnd }, rest);
  }

  async count(filter: Omit<InstanceFilter, "statuses">): Promise<StatusCounts> {
    this.#hub.checkExists();
    const counts = emptyCounts();
    for (const { status } of this.#matching(filter)) counts[status] += 1;
    return counts;
  }

  async *history(instanceId: string, fromSeq = 0): AsyncIterable<HistoryChunk> {
    this.#hub.checkExists();
    const instance = this.#hub.get(instanceId);
    if (instance) yield* chunksOf(instance).filter((chunk) => chunk.seq >= fromSeq);
  }

  async messages(instanceId: string): Promise<readonly StoredMessage[]> {
    this.#hub.checkExists();
    return this.#hub.messagesOf(instanceId);
  }

  async purge(instanceIds: readonly string[]): Promise<readonly string[]> {
    this.#hub.checkExists();
    return this.#purge(instanceIds).instanceIds;
  }

  async *purgeMatching(filter: InstanceFilter, batchSize: number): AsyncIterable<PurgeProgress> {
    this.#hub.checkExists();
    const wanted = this.#matching(terminalOnly(filter)).map((record) => record.instanceId);
    let instancesDeleted = 0;
    let rowsDeleted = 0;
    for (let at = 0; at < wanted.length; at += batchSize) {
      const { instanceIds, rows } = this.#purge(wanted.slice(at, at + batchSize));
      instancesDeleted += instanceIds.length;
      rowsDeleted += rows;
      yield { instancesDeleted, rowsDeleted, done: false };
    }
    yield { instancesDeleted, rowsDeleted, done: true };
  }

  onChange(listener: () => void): () => void {
    return this.#hub.listeners.add(listener);
  }

  #matching(filter: InstanceFilter): readonly InstanceRecord[] {
    const records = [...this.#hub.all()].map(({ record }) => record);
    return records.filter((record) => matchesFilter(filter, record));
  }

  #purge(instanceIds: readonly string[]): { readonly instanceIds: readonly string[]; readonly rows: number } {
    const purged: string[] = [];
    let rows = 0;
    for (const instanceId of instanceIds) {
      const record = this.#hub.get(instanceId)?.record;
      if (record === undefined) continue;
      if (isEntityId(instanceId)) this.#hub.removeEntity(instanceId);
      else if (isTerminal(record.status)) rows += this.#hub.remove(instanceId);
      else continue;
      purged.push(instanceId);
    }
    if (purged.length > 0) this.#hub.listeners.notify(this);
    return { instanceIds: purged, rows };
  }
}

export function chunksOf(instance: MemoryInstance): readonly HistoryChunk[] {
  const chunks = [...instance.history.values()].map(({ chunk }) => chunk);
  return chunks.toSorted((left, right) => left.seq - right.seq);
}

/** The first of these, as many as the page has room for. */
function onPage(
  records: readonly InstanceRecord[],
  { size, payloads, maxBytes }: PageRequest,
): readonly InstanceRecord[] {
  const instances = records.slice(0, size).map((record) => withPayloads(record, payloads));
  if (maxBytes === undefined) return instances;
  const budget = new PageBudget(maxBytes);
  const end = instances.findIndex((record) => !budget.takes(bytesOf(record)));
  return end < 0 ? instances : instances.slice(0, end);
}

/** Negative when the left one comes first in its listing. */
function compare(left: ListCursor, right: ListCursor): number {
  if (left.order !== "byId" && right.order !== "byId") {
    const older = left.createdAt - right.createdAt || left.run - right.run;
    return left.order === "oldestFirst" ? older : -older;
  }
  if (left.order === "byId" && right.order === "byId") {
    return compareIds(left.instanceId, right.instanceId);
  }
  return 0;
}
