import { checkEntityId, type EntityName } from "../../core/entity-id.ts";
import type { CleanEntityOptions, CleanEntityResult } from "../../engine/entity-client.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { askingForPage, type HttpCalls, nextPage } from "./http-calls.ts";
import type {
  EntityFilter,
  EntityManagement,
  EntityPage,
  EntitySignal,
  EntityStatus,
  PageRequest,
} from "./management.ts";

/** Entities over the management API of a host. */
export class HttpEntities implements EntityManagement {
  readonly #api: HttpCalls;

  constructor(api: HttpCalls) {
    this.#api = api;
  }

  async state(entity: EntityName): Promise<{ readonly state: unknown } | undefined> {
    if (entity.key === "$") {
      throw new CommandError("Hosts take the key $ for the empty one here; look on the store.", EXIT.usage);
    }
    const path = pathOf({ ...entity, key: entity.key === "" ? "$" : entity.key });
    const response = await this.#api.call("GET", path, { accept: [404] });
    return response.status === 404 ? undefined : { state: await response.json() };
  }

  async list(filter: EntityFilter, page: PageRequest): Promise<EntityPage> {
    const { name, lastOperationAfter, lastOperationBefore, fetchState } = filter;
    const path = name === undefined ? "entities" : `entities/${encodeURIComponent(name)}`;
    const response = await this.#api.call("GET", path, {
      query: {
        lastOperationTimeFrom: lastOperationAfter?.toISOString(),
        lastOperationTimeTo: lastOperationBefore?.toISOString(),
        fetchState: String(fetchState),
        top: String(page.top),
      },
      headers: askingForPage(page.continuationToken),
    });
    return { entities: (await response.json()) as readonly EntityStatus[], ...nextPage(response) };
  }

  async signal(entity: EntityName, { operation, input, at }: EntitySignal): Promise<void> {
    await this.#api.call("POST", pathOf(entity), {
      query: { op: operation, scheduledTime: at?.toISOString() },
      ...(input === undefined ? {} : { body: input }),
    });
  }

  async clean(options: CleanEntityOptions): Promise<CleanEntityResult> {
    const { removeEmptyEntities, releaseOrphanedLocks } = options;
    const response = await this.#api.call("POST", "cleanEntityStorage", {
      query: {
        removeEmptyEntities: removeEmptyEntities?.toString(),
        releaseOrphanedLocks: releaseOrphanedLocks?.toString(),
      },
    });
    return (await response.json()) as CleanEntityResult;
  }
}

/** @throws {DurableError} INVALID_ENTITY_ID */
function pathOf({ name, key }: EntityName): string {
  checkEntityId({ name, key });
  const path = `entities/${encodeURIComponent(name)}`;
  return key === "" ? path : `${path}/${encodeURIComponent(key)}`;
}
