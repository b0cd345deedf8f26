import { fromJsonText } from "../core/data-converter.ts";
import { EntityId, type EntityName } from "../core/entity-id.ts";
import type {
  CleanEntityOptions,
  CleanEntityResult,
  EntityClient,
  EntityPage,
  EntityPageRequest,
  EntityQuery,
} from "../engine/entity-client.ts";
import {
  type EntityClass,
  type EntityOperations,
  type EntityReference,
  entityNameOf,
  operationsOf,
} from "./entity-references.ts";
import type { Untyped } from "./orchestrator-context.ts";

/** What `readEntityState` answers, as in durable-functions v3. */
export class EntityStateResponse<S = unknown> {
  readonly entityExists: boolean;
  readonly entityState?: S;

  constructor(entityExists: boolean, entityState?: S) {
    this.entityExists = entityExists;
    if (entityState !== undefined) this.entityState = entityState;
  }
}

export interface EntityStatus<S = Untyped> {
  readonly entityId: EntityId;
  readonly lastOperationTime: Date;
  /** The orchestration that has locked it. */
  readonly lockedBy: string | undefined;
  /** Absent unless asked for, and for an entity without state. */
  readonly state?: S;
}

interface WithState {
  /** Default false. */
  readonly fetchState?: boolean;
}

/** The entities of a task hub. */
export class ClientEntities {
  readonly #client: EntityClient;

  constructor(client: EntityClient) {
    this.#client = client;
  }

  id(entity: string | EntityReference | EntityClass<unknown>, key: string): EntityId {
    return new EntityId(entityNameOf(entity), key);
  }

  /** Its methods send operations; each promise resolves once the operation survives any crash. */
  signal<C>(
    entity: EntityReference<C> | EntityClass<C>,
    key: string,
    options: { readonly scheduledTime?: Date } = {},
  ): EntityOperations<C, Promise<void>> {
    return operationsOf(this.id(entity, key), (id, operation, input) =>
      this.#client.signal(id, operation, input, options),
    ) as EntityOperations<C, Promise<void>>;
  }

  /** The state as it was last committed; it may lag behind signals (H-104). @throws {DurableError} INVALID_ENTITY_ID */
  async read<S = unknown>(entity: EntityName): Promise<EntityStateResponse<S>> {
    const found = await this.#client.read(entity);
    if (found === undefined) return new EntityStateResponse<S>(false);
    return new EntityStateResponse(true, fromJsonText(found.state) as S);
  }

  /** One page in the order of names and keys; it may be short (H-107). @throws {DurableError} INVALID_ARGUMENT */
  async list(
    request: EntityPageRequest & WithState = {},
  ): Promise<{ readonly entities: readonly EntityStatus[]; readonly continuationToken?: string }> {
    const { fetchState = false, ...query } = request;
    const { entities, ...page } = await this.#client.list(query);
    return { ...page, entities: entities.map((entity) => statusOf(entity, fetchState)) };
  }

  /** Every entity that matches, as they are read. */
  async *query({ fetchState = false, ...query }: EntityQuery & WithState = {}): AsyncGenerator<EntityStatus> {
    for await (const entity of this.#client.query(query)) yield statusOf(entity, fetchState);
  }

  /** Removes entities without state, lock and queue, and ends locks whose orchestration has ended (S-161). */
  clean(options?: CleanEntityOptions): Promise<CleanEntityResult> {
    return this.#client.clean(options);
  }
}

function statusOf(
  { entityId: { name, key }, state, lastOperationTime, lockedBy }: EntityPage["entities"][number],
  fetchState: boolean,
): EntityStatus {
  return {
    entityId: new EntityId(name, key),
    lastOperationTime,
    lockedBy,
    ...(fetchState && state !== undefined ? { state: fromJsonText(state) as Untyped } : {}),
  };
}
