import { fromJsonText } from "../../core/data-converter.ts";
import type { EntityName } from "../../core/entity-id.ts";
import { given } from "../../core/given.ts";
import type { CleanEntityOptions, CleanEntityResult, EntityClient } from "../../engine/entity-client.ts";
import type { EntityFilter, EntityManagement, EntityPage, EntitySignal, PageRequest } from "./management.ts";

/** Entities directly on the store. */
export class StoreEntities implements EntityManagement {
  readonly #client: EntityClient;

  constructor(client: EntityClient) {
    this.#client = client;
  }

  async state(entity: EntityName): Promise<{ readonly state: unknown } | undefined> {
    const found = await this.#client.read(entity);
    return found && { state: fromJsonText(found.state) };
  }

  async list(filter: EntityFilter, page: PageRequest): Promise<EntityPage> {
    const { name, lastOperationAfter, lastOperationBefore, fetchState } = filter;
    const { entities, ...next } = await this.#client.list({
      ...page,
      ...given({ name, lastOperationFrom: lastOperationAfter, lastOperationTo: lastOperationBefore }),
    });
    return {
      ...next,
      entities: entities.map(({ entityId, lastOperationTime, state }) => ({
        entityId,
        lastOperationTime: lastOperationTime.toISOString(),
        state: fetchState ? fromJsonText(state) : null,
      })),
    };
  }

  signal(entity: EntityName, { operation, input, at }: EntitySignal): Promise<void> {
    const options = given({ inputText: input, scheduledTime: at });
    return this.#client.signal(entity, operation, undefined, options);
  }

  clean(options: CleanEntityOptions): Promise<CleanEntityResult> {
    return this.#client.clean(options);
  }
}
