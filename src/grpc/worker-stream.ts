import type { FunctionKind } from "../engine/executor.ts";
import { type GetWorkItemsRequest, WorkerCapability } from "../wire/generated/orchestrator_service_pb.ts";
import type { HistoryReader } from "../wire/history-codec.ts";
import { isGo } from "./go-sdk.ts";
import { type WorkDescription, WorkFilters } from "./work-filters.ts";

/** How many items of a kind a worker has at a time that has not said how many it wants. */
const DEFAULT_LIMIT = 100;
/** No worker has more than this at a time, whatever it wants. */
const MAX_LIMIT = 1_000;
/** Nor is it sent more while so many bytes wait for it to read them, be their work taken back or not. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

export interface WorkerConnection {
  readonly request: GetWorkItemsRequest;
  /** What the worker calls itself, for logs. */
  readonly workerId: string | undefined;
  readonly userAgent: string;
  /** The other end of the connection. */
  readonly peer: string;
  /** A WorkItem as bytes. `taken` is called once the connection has taken them. */
  send(item: Uint8Array, taken: () => void): void;
  /** Ends it, with a status upon which the worker takes its time to come back. */
  hangUp(reason: string): void;
}

/** One worker that is connected: what it takes, and how much of it it has. */
export class WorkerStream {
  readonly workerId: string | undefined;
  readonly peer: string;
  /** The Go SDK knows no entities, and no event that confirms a sent one. */
  readonly reader: HistoryReader;
  readonly canStreamHistory: boolean;
  readonly #connection: WorkerConnection;
  readonly #filters: WorkFilters;
  readonly #limits: Readonly<Record<FunctionKind, number>>;
  readonly #underWay: Record<FunctionKind, number> = { orchestrator: 0, activity: 0, entity: 0 };
  #isRetiring = false;
  #unreadBytes = 0;
  #whenIdle: () => void = () => undefined;
  #whenRead: () => void = () => undefined;

  constructor(connection: WorkerConnection) {
    const { request, workerId, userAgent, peer } = connection;
    this.workerId = workerId;
    this.peer = peer;
    this.#connection = connection;
    this.#filters = new WorkFilters(request.workItemFilters);
    const isOfGo = isGo(userAgent);
    this.reader = isOfGo ? "workerWithoutEntities" : "worker";
    this.canStreamHistory = request.capabilities.includes(WorkerCapability.HISTORY_STREAMING);
    this.#limits = {
      orchestrator: limitOf(request.maxConcurrentOrchestrationWorkItems),
      activity: limitOf(request.maxConcurrentActivityWorkItems),
      entity: isOfGo ? 0 : limitOf(request.maxConcurrentEntityWorkItems),
    };
  }

  /** Items of all kinds that it has not answered. */
  get load(): number {
    const { orchestrator, activity, entity } = this.#underWay;
    return orchestrator + activity + entity;
  }

  accepts(work: WorkDescription): boolean {
    return this.#limits[work.kind] > 0 && this.#filters.accepts(work);
  }

  hasRoomFor(kind: FunctionKind): boolean {
    if (this.#isRetiring && kind !== "orchestrator") return false;
    if (this.#isBehind) return false;
    return this.#underWay[kind] < this.#limits[kind];
  }

  send(kind: FunctionKind, item: Uint8Array): void {
    this.#underWay[kind] += 1;
    this.#unreadBytes += item.length;
    this.#connection.send(item, () => this.#taken(item.length));
  }

  /** The listener is told when a worker that has had too much to read has room again. */
  onRead(listener: () => void): void {
    this.#whenRead = listener;
  }

  /** From now on it is sent nothing but turns, which take in what has been done. */
  retire(): void {
    this.#isRetiring = true;
  }

  /** Resolves when it has answered all that it has. */
  idle(): Promise<void> {
    if (this.load === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  hangUp(reason: string): void {
    this.#connection.hangUp(reason);
  }

  /** An item was answered, or taken back. */
  release(kind: FunctionKind): void {
    this.#underWay[kind] -= 1;
    if (this.load === 0) this.#whenIdle();
  }

  get #isBehind(): boolean {
    return this.#unreadBytes > MAX_UNREAD_BYTES;
  }

  #taken(bytes: number): void {
    const wasBehind = this.#isBehind;
    this.#unreadBytes -= bytes;
    if (wasBehind && !this.#isBehind) this.#whenRead();
  }
}

function limitOf(wish: number): number {
  return wish > 0 ? Math.min(wish, MAX_LIMIT) : DEFAULT_LIMIT;
}
