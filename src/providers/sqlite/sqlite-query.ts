import { RUNTIME_STATUSES } from "../../core/orchestration-status.ts";
import type {
  CompletionFilter,
  CompletionPageRequest,
  HistoryChunk,
  InstanceFilter,
  InstanceIdPage,
  InstancePage,
  InstanceRecord,
  PageRequest,
  PurgeProgress,
  QueryStore,
  StatusCounts,
  StoredMessage,
} from "../../storage/index.ts";
import { decodeCompletion } from "../listing/completion-cursor.ts";
import { decodeCursor, encodeCursor, type ListCursor, orderOf } from "../listing/list-cursor.ts";
import { checkPageSize, emptyCounts, pageOfEnded } from "../listing/page.ts";
import { PageBudget } from "../listing/page-budget.ts";
import { recordOf } from "./instance-row.ts";
import { purgeIds } from "./purge.ts";
import { purgeMatching } from "./purge-matching.ts";
import { checkExists, type Hub, nextTurn } from "./store.ts";

/** How far a search without an index goes before others have their turn. */
const STEP = 500;
/** A page that has found something does not search further than this for more. */
const STEPS_OF_A_PAGE = 20;
const CHUNKS_OF_A_PIECE = 64;
const PURGED_AT_ONCE = 100;

export class SqliteQueryStore implements QueryStore {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  async get(instanceId: string): Promise<InstanceRecord | undefined> {
    return this.#read("get", () => {
      const row = this.#hub.store.tables.instances.row(this.#hub, instanceId);
      return row && recordOf(row);
    });
  }

  async list(filter: InstanceFilter, page: PageRequest): Promise<InstancePage> {
    checkPageSize(page.size);
    const { name } = this.#hub.description;
    const { size, continuationToken: token } = page;
    let after =
      token === undefined ? undefined : decodeCursor(name, filter, orderOf(filter, page.order), token);
    const instances: InstanceRecord[] = [];
    const budget = page.maxBytes === undefined ? undefined : new PageBudget(page.maxBytes);
    for (let steps = 1; ; steps++) {
      const room = size - instances.length;
      const limit = steps === 1 && isIndexed(filter) ? room + 1 : Math.max(STEP, room + 1);
      const { records, cursor, isFull } = this.#fill(filter, after, { room, limit, budget }, page);
      instances.push(...records);
      if (cursor === undefined) return { instances };
      if (isFull || (instances.length > 0 && steps >= STEPS_OF_A_PAGE)) {
        return { instances, continuationToken: encodeCursor(name, filter, cursor) };
      }
      after = cursor;
      await nextTurn();
    }
  }

  async listByCompletion(
    filter: CompletionFilter,
    { size, continuationToken: token, tokenAtEnd }: CompletionPageRequest,
  ): Promise<InstanceIdPage> {
    checkPageSize(size);
    const { name } = this.#hub.description;
    const after = token === undefined ? undefined : decodeCompletion(name, filter, token);
    const { store, hubId } = this.#hub;
    const found = this.#read("listByCompletion", () =>
      store.completions.next(hubId, filter, after, size + 1),
    );
    return pageOfEnded(name, filter, { size, tokenAtEnd }, found);
  }

  async count(filter: Omit<InstanceFilter, "statuses">): Promise<StatusCounts> {
    return filter.name === undefined && !filter.instanceIdPrefix
      ? this.#countByIndex(filter)
      : this.#countByWalk(filter);
  }

  async *history(instanceId: string, fromSeq = 0): AsyncIterable<HistoryChunk> {
    const { instances, history } = this.#hub.store.tables;
    const found = this.#read("history", () => instances.find(this.#hub, instanceId));
    if (found === undefined) return;
    for (let next = fromSeq; ; ) {
      const chunks = this.#read("history", () => history.read(found.run, next, CHUNKS_OF_A_PIECE));
      yield* chunks;
      const last = chunks.at(-1);
      if (last === undefined || chunks.length < CHUNKS_OF_A_PIECE) return;
      next = last.seq + 1;
      await nextTurn();
    }
  }

  async messages(instanceId: string): Promise<readonly StoredMessage[]> {
    return this.#read("messages", () => this.#hub.store.tables.inbox.of(this.#hub, instanceId));
  }

  async purge(instanceIds: readonly string[]): Promise<readonly string[]> {
    const purged: string[] = [];
    for (let at = 0; at < instanceIds.length; at += PURGED_AT_ONCE) {
      if (at > 0) await nextTurn();
      purged.push(...purgeIds(this.#hub, instanceIds.slice(at, at + PURGED_AT_ONCE)));
    }
    if (purged.length > 0) this.#hub.listeners.notify(this);
    return purged;
  }

  async *purgeMatching(filter: InstanceFilter, batchSize: number): AsyncIterable<PurgeProgress> {
    for await (const progress of purgeMatching(this.#hub, filter, batchSize)) {
      this.#hub.listeners.notify(this);
      yield progress;
    }
  }

  onChange(listener: () => void): () => void {
    return this.#hub.listeners.add(listener);
  }

  async #countByIndex(filter: InstanceFilter): Promise<StatusCounts> {
    const counts = emptyCounts();
    for (const status of RUNTIME_STATUSES) {
      const pieces = this.#hub.store.counting.pieces(this.#hub.hubId, status, filter);
      for (;;) {
        const piece = this.#read("count", () => pieces.next());
        if (piece.done) break;
        counts[status] += piece.value;
        await nextTurn();
      }
    }
    return counts;
  }

  async #countByWalk(filter: InstanceFilter): Promise<StatusCounts> {
    const counts = emptyCounts();
    for (const walk of walksOf(filter)) {
      let after: ListCursor | undefined;
      do {
        const step = this.#step(walk, after, STEP);
        for (const { status } of step.found) counts[status] += 1;
        after = step.cursor;
        await nextTurn();
      } while (after !== undefined);
    }
    return counts;
  }

  #step(filter: InstanceFilter, after: ListCursor | undefined, limit: number) {
    const { store, hubId } = this.#hub;
    return this.#read("list", () => store.listing.step(hubId, filter, after, limit));
  }

  /** One step of a page that has room for so many more instances, and looks at no more than about `limit`. */
  #fill(
    filter: InstanceFilter,
    after: ListCursor | undefined,
    {
      room,
      limit,
      budget,
    }: { readonly room: number; readonly limit: number; readonly budget: PageBudget | undefined },
    { payloads = true, order }: PageRequest,
  ): {
    readonly records: readonly InstanceRecord[];
    readonly cursor: ListCursor | undefined;
    readonly isFull: boolean;
  } {
    const { store, hubId } = this.#hub;
    return this.#read("list", () => {
      const step = store.listing.step(hubId, filter, after, limit, order);
      const wanted = step.found.slice(0, room);
      const records = store.records.read(wanted, payloads, budget);
      const last = records.length === 0 ? after : step.found[records.length - 1]?.cursor;
      const hasMore = step.found.length > records.length;
      const isFull = records.length === room || records.length < wanted.length;
      return { records, isFull, cursor: hasMore ? last : step.cursor };
    });
  }

  #read<Result>(operation: string, body: () => Result): Result {
    return this.#hub.store.transactions.snapshot(operation, () => {
      checkExists(this.#hub);
      return body();
    });
  }
}

/** By id all statuses come in one walk; by time each status is a walk of its own anyway. */
function walksOf(filter: InstanceFilter): readonly InstanceFilter[] {
  if (filter.instanceIdPrefix !== undefined) return [filter];
  return RUNTIME_STATUSES.map((status) => ({ ...filter, statuses: [status] }));
}

/** True when no instance has to be looked at and left out; an id that is free may have to. */
function isIndexed({ name, instanceIdPrefix, statuses, createdFrom, createdTo }: InstanceFilter): boolean {
  if (name !== undefined) return false;
  return (
    instanceIdPrefix === undefined ||
    (statuses === undefined && createdFrom === undefined && createdTo === undefined)
  );
}
