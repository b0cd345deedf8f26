import { isEntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { isTerminal, RUNTIME_STATUSES } from "../core/orchestration-status.ts";
import { checkTaskHubName } from "../core/task-hub-name.ts";
import { systemClock } from "../engine/clock.ts";
import type { Logger } from "../engine/logger.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { type ServedHub, WorkerPool, type WorkerPoolOptions } from "../grpc/index.ts";
import { App, type TaskHub } from "../sdk/index.ts";
import type { InstanceFilter } from "../storage/index.ts";

export interface ServedHubsOptions extends WorkerPoolOptions {
  /** The hub of the host, with its app. */
  readonly own: TaskHub;
  readonly ownWorkers: WorkerPool;
  readonly settings: Partial<EngineSettings>;
  /** Whether a hub that nobody has is made when a caller names it. */
  readonly createOnUse: boolean;
  readonly logger: Logger;
}

interface OpenHub {
  readonly hub: TaskHub;
  readonly served: ServedHub;
}

/** The task hubs that callers of the gRPC server name: that of the host, and others of the same store, run for workers alone. */
export class ServedHubs {
  readonly #options: ServedHubsOptions;
  readonly #own: ServedHub;
  readonly #others = new Map<string, Promise<OpenHub>>();
  /** Under way; whoever names the hub meanwhile means the next one. */
  readonly #removals = new Map<string, Promise<void>>();

  constructor(options: ServedHubsOptions) {
    this.#options = options;
    this.#own = this.#served(options.own, options.ownWorkers);
  }

  /** @throws {DurableError} TASK_HUB_NOT_FOUND, INVALID_TASK_HUB_NAME */
  async of(name: string | undefined): Promise<ServedHub> {
    if (this.#isOwn(name)) return this.#own;
    return (await this.#other(name)).served;
  }

  /** It is there, also where hubs are not made on use. @throws {DurableError} INVALID_TASK_HUB_NAME */
  async create(name: string | undefined): Promise<void> {
    if (this.#isOwn(name)) return;
    checkTaskHubName(name);
    await this.#removals.get(name.toLowerCase());
    await this.#options.own.storage.taskHubs.ensure(name);
  }

  /** It is there, and empty. @throws {DurableError} INVALID_TASK_HUB_NAME */
  async recreate(name: string | undefined): Promise<void> {
    if (this.#isOwn(name)) return emptyHub(this.#options.own);
    await this.delete(name);
    await this.create(name);
  }

  /** @throws {DurableError} INVALID_INSTANCE_STATE for the hub of the host, INVALID_TASK_HUB_NAME */
  async delete(name: string | undefined): Promise<void> {
    if (this.#isOwn(name)) throw ownHub(this.#options.own.name);
    checkTaskHubName(name);
    const key = name.toLowerCase();
    const removal = this.#remove(name, this.#others.get(key));
    this.#others.delete(key);
    this.#removals.set(key, removal);
    try {
      await removal;
    } finally {
      if (this.#removals.get(key) === removal) this.#removals.delete(key);
    }
  }

  async #remove(name: string, known: Promise<OpenHub> | undefined): Promise<void> {
    const open = await known;
    await open?.hub.close({ drainMs: 0 });
    await this.#options.own.storage.taskHubs.markDeleted(name);
    open?.served.workers.sendAway();
  }

  async close(options: { readonly drainMs: number }): Promise<void> {
    const others = [...this.#others.values()];
    this.#others.clear();
    await Promise.all(others.map(async (other) => (await other).hub.close(options)));
  }

  #isOwn(name: string | undefined): name is undefined {
    return name === undefined || sameName(name, this.#own.name);
  }

  #other(name: string): Promise<OpenHub> {
    const key = name.toLowerCase();
    const known = this.#others.get(key);
    if (known) return known;
    const opening = this.#open(name);
    this.#others.set(key, opening);
    opening.catch(() => this.#others.delete(key));
    return opening;
  }

  async #open(name: string): Promise<OpenHub> {
    const { own, settings, logger, createOnUse, activityTimeoutMs } = this.#options;
    checkTaskHubName(name);
    await this.#removals.get(name.toLowerCase());
    const remoteWorkers = new WorkerPool(systemClock, { activityTimeoutMs });
    const hub = await own.openAnother({
      taskHubName: name,
      create: createOnUse,
      app: new App(),
      settings,
      logger,
      remoteWorkers,
    });
    await hub.start();
    return { hub, served: this.#served(hub, remoteWorkers) };
  }

  #served(hub: TaskHub, workers: WorkerPool): ServedHub {
    return { name: hub.name, client: hub.rawClient, query: hub.query, workers, logger: this.#options.logger };
  }
}

/** Ends what has not ended and purges all there is. */
async function emptyHub({ rawClient: client, query }: TaskHub): Promise<void> {
  const live: InstanceFilter = { statuses: RUNTIME_STATUSES.filter((status) => !isTerminal(status)) };
  for (;;) {
    const { instances } = await query.list(live, { size: BATCH, payloads: false });
    const orchestrations = instances.filter(({ instanceId }) => !isEntityId(instanceId));
    if (orchestrations.length === 0) break;
    for (const { instanceId } of orchestrations) {
      await client.send(instanceId, {
        type: "ExecutionTerminated",
        timestamp: systemClock.now(),
        reason: "The task hub is made anew.",
      });
    }
    await Promise.all(
      orchestrations.map(({ instanceId }) => client.waitForCompletion(instanceId, { timeoutMs: END_MS })),
    );
  }
  for await (const _ of client.purgeMatching({}));
  for (;;) {
    const { instances } = await query.list({ instanceIdPrefix: "@" }, { size: BATCH, payloads: false });
    if (instances.length === 0) return;
    await client.purgeInstances(instances.map(({ instanceId }) => instanceId));
  }
}

const BATCH = 500;
const END_MS = 10_000;

const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

function ownHub(name: string): DurableError {
  return new DurableError(
    "INVALID_INSTANCE_STATE",
    `The server runs the task hub '${name}' as long as it runs. Purge its instances, or stop the server and delete the hub on its store.`,
  );
}
