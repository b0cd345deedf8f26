import { DurableError } from "../../core/errors.ts";
import { given } from "../../core/given.ts";
import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import { exportHistory } from "../../engine/export-history.ts";
import { type Imported, importHistory } from "../../engine/import-history.ts";
import { filterOf } from "../../engine/instance-query.ts";
import type { OrchestrationStatus, TaskHub, WaitingExplanation } from "../../sdk/index.ts";
import type {
  Control,
  EntityManagement,
  Filter,
  InstanceStatus,
  Management,
  Page,
  PageRequest,
  Purged,
  StartRequest,
  Waiting,
} from "./management.ts";
import { StoreEntities } from "./store-entities.ts";

/** Manages a task hub directly on its store. No host is needed; what is asked for takes effect when one runs. */
export class StoreManagement implements Management {
  readonly entities: EntityManagement;
  readonly #hub: TaskHub;

  constructor(hub: TaskHub) {
    this.#hub = hub;
    this.entities = new StoreEntities(hub.rawClient.entities);
  }

  get taskHubName(): string {
    return this.#hub.name;
  }

  start({ name, instanceId, input, version }: StartRequest): Promise<string> {
    return this.#hub.rawClient.startNew(name, given({ instanceId, inputText: input, version }));
  }

  async status(instanceId: string): Promise<InstanceStatus | undefined> {
    const status = await this.#hub.rawClient.getStatus(instanceId);
    return status && payloadOf(status);
  }

  async *history(instanceId: string): AsyncGenerator<object> {
    yield* await this.#hub.rawClient.getHistory(instanceId);
  }

  async list(filter: Filter, page: PageRequest): Promise<Page> {
    const { instances, continuationToken } = await this.#hub.rawClient.listInstances({
      ...queryOf(filter),
      ...page,
    });
    return { instances: instances.map(payloadOf), ...given({ continuationToken }) };
  }

  count(filter: Filter): Promise<Readonly<Record<RuntimeStatus, number>>> {
    const { runtimeStatus: _, ...query } = queryOf(filter);
    return this.#hub.rawClient.countByStatus(query);
  }

  async raiseEvent(instanceId: string, eventName: string, data: string): Promise<void> {
    if ((await this.status(instanceId)) === undefined) throw notFound(instanceId);
    await this.#hub.rawClient.raiseEvent(instanceId, eventName, undefined, { dataText: data });
  }

  control(operation: Control, instanceId: string, reason: string | undefined): Promise<void> {
    return this.#hub.rawClient[operation](instanceId, reason);
  }

  restart(instanceId: string, { newId }: { readonly newId: boolean }): Promise<string> {
    return this.#hub.rawClient.restart(instanceId, { restartWithNewInstanceId: newId });
  }

  async purge(instanceId: string): Promise<number> {
    const { instancesDeleted } = await this.#hub.rawClient.purgeInstances([instanceId]);
    if (instancesDeleted > 0) return instancesDeleted;
    const status = await this.status(instanceId);
    if (status === undefined) throw notFound(instanceId);
    throw new DurableError(
      "INVALID_INSTANCE_STATE",
      `Instance '${instanceId}' cannot be purged: it is ${status.runtimeStatus}, and only what has ended can be.`,
    );
  }

  purgeMatching(filter: Filter): AsyncIterable<Purged> {
    return this.#hub.rawClient.purgeMatching(queryOf(filter));
  }

  async *watch(instanceId: string, signal: AbortSignal): AsyncGenerator<InstanceStatus> {
    for await (const status of this.#hub.rawClient.watch(instanceId, { signal })) yield payloadOf(status);
  }

  why(instanceId: string): Promise<Waiting | undefined> {
    return this.#hub.rawClient.whyWaiting(instanceId) satisfies Promise<WaitingExplanation | undefined>;
  }

  async *exportHistory(which: Filter | { readonly instanceId: string }): AsyncGenerator<string> {
    const { query } = await this.#hub.storage.openTaskHub(this.#hub.name);
    const filter = "instanceId" in which ? which : filterOf(queryOf(which));
    yield* exportHistory(this.#hub.name, query, filter);
  }

  importHistory(lines: AsyncIterable<string>): AsyncIterable<Imported> {
    return importHistory(lines, this.#hub.rawClient);
  }

  async deleteTaskHub(): Promise<void> {
    await this.#hub.storage.taskHubs.markDeleted(this.#hub.name);
  }

  async *sweep(): AsyncGenerator<number> {
    for (let rows = ROWS_AT_A_TIME; !(await this.#hub.storage.taskHubs.sweep(ROWS_AT_A_TIME)); ) {
      yield rows;
      rows += ROWS_AT_A_TIME;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#hub.close();
  }
}

const ROWS_AT_A_TIME = 10_000;

export function notFound(instanceId: string): DurableError {
  return new DurableError("INSTANCE_NOT_FOUND", `No instance with ID '${instanceId}' was found.`);
}

function payloadOf(status: OrchestrationStatus): InstanceStatus {
  const { name, instanceId, runtimeStatus, input, customStatus, output } = status;
  return {
    name,
    instanceId,
    runtimeStatus,
    input,
    customStatus,
    output,
    createdTime: status.createdTime.toISOString(),
    lastUpdatedTime: status.lastUpdatedTime.toISOString(),
  };
}

function queryOf({ createdAfter, createdBefore, statuses, prefix, name }: Filter) {
  return given({
    createdTimeFrom: createdAfter,
    createdTimeTo: createdBefore,
    runtimeStatus: statuses,
    instanceIdPrefix: prefix,
    name,
  });
}
