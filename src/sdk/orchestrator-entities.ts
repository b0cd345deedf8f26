import { EntityId } from "../core/entity-id.ts";
import type { OrchestrationContext } from "../core/orchestration-context.ts";
import {
  type EntityClass,
  type EntityOperations,
  type EntityReference,
  entityNameOf,
  operationsOf,
} from "./entity-references.ts";

/** Entities with typed operations, named by their class or by what `app.entity` returned. */
export class OrchestratorEntities {
  readonly #core: OrchestrationContext;

  constructor(core: OrchestrationContext) {
    this.#core = core;
  }

  id(entity: string | EntityReference | EntityClass<unknown>, key: string): EntityId {
    return new EntityId(entityNameOf(entity), key);
  }

  /** Its methods call operations; the task of each gives the result, or fails with a TaskFailedError (S-165). */
  call<C>(entity: EntityReference<C> | EntityClass<C>, key: string): EntityOperations<C, "call"> {
    return operationsOf(this.id(entity, key), (id, operation, input) =>
      this.#core.callEntity(id, operation, input),
    ) as EntityOperations<C, "call">;
  }

  /** Its methods send operations that nobody waits for. */
  signal<C>(
    entity: EntityReference<C> | EntityClass<C>,
    key: string,
    options: { readonly scheduledTime?: Date } = {},
  ): EntityOperations<C, void> {
    const { scheduledTime } = options;
    const time = scheduledTime === undefined ? {} : { scheduledTime: scheduledTime.getTime() };
    return operationsOf(this.id(entity, key), (id, operation, input) =>
      this.#core.signalEntity(id, operation, input, time),
    ) as EntityOperations<C, void>;
  }
}
