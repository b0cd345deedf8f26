import { randomUUID } from "node:crypto";
import { checkPayload, toJsonText } from "../core/data-converter.ts";
import { checkEntityId, type EntityName, parseEntityId } from "../core/entity-id.ts";
import { dueAtOf, type EntityMessage } from "../core/entity-message.ts";
import { decodeEntity } from "../core/entity-state.ts";
import { DurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { encodeMessage } from "../core/history-chunk.ts";
import type { JsonText } from "../core/history-event.ts";
import { checkName } from "../core/name-limits.ts";
import { inputOf, requireOperation } from "../core/orchestration-context.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import { entityNotFound } from "../core/programming-errors.ts";
import type { InstanceRecord, PageRequest, TaskHubStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import { MAX_PAGE, MAX_PAGE_BYTES, pageSize } from "./instance-query.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";

export interface SignalEntityOptions {
  /** Not before this time. */
  readonly scheduledTime?: Date;
  /** JSON text to send as the input, as it is, instead of a value. */
  readonly inputText?: JsonText;
  /** A GUID. Default: a new one. */
  readonly requestId?: string;
}

/** The state of an entity as it was last committed (H-104). */
export interface EntityStateView {
  readonly entityId: EntityName;
  readonly state: JsonText;
  readonly lastOperationTime: Date;
  /** The orchestration that has locked it. */
  readonly lockedBy: string | undefined;
}

export interface EntityQuery {
  /** Compared without regard to case. */
  readonly name?: string;
  /** Inclusive (H-106). */
  readonly lastOperationFrom?: Date;
  /** Inclusive. */
  readonly lastOperationTo?: Date;
  /** Also entities that have no state, which exist for a lock or a queue only. Default false. */
  readonly includeTransient?: boolean;
}

export interface EntityPageRequest extends EntityQuery {
  /** Entities whose instance id, `@name@key`, begins so. Wins over `name`. */
  readonly instanceIdPrefix?: string;
  /** Default 100. */
  readonly top?: number;
  readonly continuationToken?: string;
}

export interface EntityPage {
  /** May be fewer than asked for while there are more (H-107). */
  readonly entities: readonly (Omit<EntityStateView, "state"> & { readonly state: JsonText | undefined })[];
  readonly continuationToken?: string;
}

export interface CleanEntityOptions {
  /** Default true. */
  readonly removeEmptyEntities?: boolean;
  /** Default true. */
  readonly releaseOrphanedLocks?: boolean;
}

export interface CleanEntityResult {
  readonly numberOfEmptyEntitiesRemoved: number;
  readonly numberOfOrphanedLocksRemoved: number;
}

export interface EntityClientPorts {
  readonly store: TaskHubStore;
  readonly worker: TaskHubWorker | undefined;
  readonly clock: Clock;
}

/** What clients do with the entities of a task hub. Works in any process that reaches the store. */
export class EntityClient {
  readonly #ports: EntityClientPorts;

  constructor(ports: EntityClientPorts) {
    this.#ports = ports;
  }

  /**
   * Sends an operation to an entity, which comes into being with it; once it is answered the signal survives any crash.
   *
   * @throws {DurableError} INVALID_ENTITY_ID, ENTITY_NOT_FOUND, INVALID_ARGUMENT, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
   */
  async signal(
    entity: EntityName,
    operation: string,
    input?: unknown,
    options: SignalEntityOptions = {},
  ): Promise<void> {
    const instanceId = checkEntityId(entity);
    requireOperation(operation);
    checkName(operation, "The name of the operation");
    this.#requireFunction(entity.name);
    const { inputText, scheduledTime, requestId = randomUUID() } = options;
    const what = inputOf(operation, instanceId);
    const text = inputText === undefined ? toJsonText(input, what) : checkPayload(inputText, what);
    const time = scheduledTime === undefined ? undefined : timeOf(scheduledTime);
    return this.#send(instanceId, {
      type: "EntityOperation",
      timestamp: this.#ports.clock.now(),
      requestId,
      operation,
      ...(text === undefined ? {} : { input: text }),
      ...(time === undefined ? {} : { scheduledTime: time }),
    });
  }

  /** `undefined` for an entity that does not exist (S-147). @throws {DurableError} INVALID_ENTITY_ID */
  async read(entity: EntityName): Promise<EntityStateView | undefined> {
    const record = await this.#ports.store.query.get(checkEntityId(entity));
    const view = record && viewOf(record);
    return view?.state === undefined ? undefined : { ...view, state: view.state };
  }

  /** One page in the order of ids, of which no more than `maxBytes` (64 MiB) is read. @throws {DurableError} INVALID_ARGUMENT, INVALID_ENTITY_ID */
  async list(request: EntityPageRequest & Pick<PageRequest, "maxBytes"> = {}): Promise<EntityPage> {
    const { name, continuationToken, maxBytes = MAX_PAGE_BYTES, includeTransient = false } = request;
    const instanceIdPrefix =
      request.instanceIdPrefix ?? (name === undefined ? "@" : checkEntityId({ name, key: "" }));
    const from = request.lastOperationFrom && timeOf(request.lastOperationFrom);
    const to = request.lastOperationTo && timeOf(request.lastOperationTo);
    const page = await this.#ports.store.query.list(
      { instanceIdPrefix },
      { size: pageSize(request.top), maxBytes, ...given({ continuationToken }) },
    );
    const entities = page.instances
      .filter(({ lastUpdatedAt: at }) => (from === undefined || at >= from) && (to === undefined || at <= to))
      .map(viewOf)
      .filter(({ state }) => includeTransient || state !== undefined);
    return {
      entities,
      ...(page.continuationToken === undefined ? {} : { continuationToken: page.continuationToken }),
    };
  }

  /** Every entity that matches, page after page. */
  async *query(query: EntityQuery = {}): AsyncGenerator<EntityPage["entities"][number]> {
    let continuationToken: string | undefined;
    do {
      const page = await this.list({
        ...query,
        top: MAX_PAGE,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      });
      yield* page.entities;
      ({ continuationToken } = page);
    } while (continuationToken !== undefined);
  }

  /** Removes entities without state, lock and queue, and ends locks whose orchestration has ended (S-161). */
  async clean({
    removeEmptyEntities = true,
    releaseOrphanedLocks = true,
  }: CleanEntityOptions = {}): Promise<CleanEntityResult> {
    const { query } = this.#ports.store;
    const timestamp = this.#ports.clock.now();
    let removed = 0;
    let released = 0;
    for await (const entity of this.query({ includeTransient: true })) {
      const instanceId = checkEntityId(entity.entityId);
      const { lock } = decodeEntity((await query.get(instanceId))?.input);
      if (lock && releaseOrphanedLocks) {
        const holder = await query.get(lock.instanceId);
        if (holder && !isTerminal(holder.status)) continue;
        const { criticalSectionId } = lock;
        await this.#send(instanceId, { type: "EntityUnlock", timestamp, criticalSectionId });
        released += 1;
      } else if (lock === undefined && entity.state === undefined && removeEmptyEntities) {
        if ((await query.messages(instanceId)).length > 0) continue;
        await this.#send(instanceId, { type: "EntityCleanUp", timestamp });
        removed += 1;
      }
    }
    return { numberOfEmptyEntitiesRemoved: removed, numberOfOrphanedLocksRemoved: released };
  }

  /** Only the worker in this process knows which functions there are. */
  #requireFunction(name: string): void {
    const { worker } = this.#ports;
    if (worker && !worker.executor.hasEntity(name)) throw entityNotFound(name, worker.executor.entityNames);
  }

  async #send(instanceId: string, event: EntityMessage): Promise<void> {
    const { store, worker } = this.#ports;
    const dueAt = dueAtOf(event);
    const due = dueAt === undefined ? {} : { dueAt };
    const send = () =>
      store.client.send([{ instanceId, at: event.timestamp, event: encodeMessage(event), ...due }]);
    await (worker ? worker.leave(instanceId, event, send) : send());
  }
}

function viewOf(record: InstanceRecord): EntityPage["entities"][number] {
  const { state, lock } = decodeEntity(record.input);
  return {
    entityId: parseEntityId(record.instanceId) ?? { name: record.name, key: "" },
    state,
    lastOperationTime: new Date(record.lastUpdatedAt),
    lockedBy: lock?.instanceId,
  };
}

function timeOf(date: Date): number {
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new DurableError("INVALID_ARGUMENT", `A time must be a valid Date, not ${String(date)}.`);
}
