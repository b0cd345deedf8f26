import { checkTaskHubName } from "../core/task-hub-name.ts";
import { systemClock } from "../engine/clock.ts";
import { HybridExecutor } from "../engine/hybrid-executor.ts";
import { LocalExecutor } from "../engine/local-executor.ts";
import { type Logger, silentLogger } from "../engine/logger.ts";
import type { RemoteWorkers } from "../engine/remote-workers.ts";
import { defaultSettings, type EngineSettings } from "../engine/settings.ts";
import { StoreSweeper } from "../engine/store-sweeper.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import { openStorage } from "../providers/open/index.ts";
import type { QueryStore, StorageProvider, TaskHubStore } from "../storage/index.ts";
import type { App } from "./app.ts";
import { builtInsOf } from "./built-ins.ts";
import { DurableClient } from "./durable-client.ts";
import { hubClosed, hubOpened } from "./open-hubs.ts";
import { makeConsoleReplaySafe } from "./replay-safe-console.ts";
import { Webhook, type WebhookOptions } from "./webhook.ts";

export const DEFAULT_TASK_HUB_NAME = "DurableFunctionsHub";

export interface TaskHubOptions extends WebhookOptions {
  /** The functions this process runs. Without an app the hub is a client only. */
  readonly app?: App;
  /** Default DurableFunctionsHub. */
  readonly taskHubName?: string;
  /** Whether a hub that does not exist is made. Default true; otherwise it is TASK_HUB_NOT_FOUND. */
  readonly create?: boolean;
  readonly settings?: Partial<EngineSettings>;
  readonly logger?: Logger;
  /** Processes that run what the app does not have. */
  readonly remoteWorkers?: RemoteWorkers;
}

/** A task hub in this process: its store, its client and, when it has an app, its worker. */
export class TaskHub implements AsyncDisposable {
  readonly client: DurableClient;
  /** The same without types, for surfaces that serve any app. */
  readonly rawClient: TaskHubClient;
  /** For a host, which knows where it listens only when the hub is open. */
  readonly webhook: Webhook;
  readonly #storage: StorageProvider;
  readonly #store: TaskHubStore;
  readonly #worker: TaskHubWorker | undefined;
  readonly #sweeper: StoreSweeper | undefined;
  readonly #ownsStorage: boolean;
  #started = false;
  #closed = false;

  private constructor(
    storage: StorageProvider,
    store: TaskHubStore,
    webhook: Webhook,
    options: TaskHubOptions & { readonly ownsStorage: boolean },
  ) {
    const settings = defaultSettings(options.settings);
    const { app, logger = silentLogger, ownsStorage } = options;
    this.#storage = storage;
    this.#store = store;
    this.#ownsStorage = ownsStorage;
    this.#worker = app && makeWorker({ ...options, store, app, settings });
    this.#sweeper = ownsStorage
      ? new StoreSweeper({ taskHubs: storage.taskHubs, clock: systemClock, logger })
      : undefined;
    this.rawClient = new TaskHubClient({
      store,
      settings,
      ...(this.#worker ? { worker: this.#worker } : {}),
    });
    this.webhook = webhook;
    this.client = new DurableClient({
      hub: { client: this.rawClient, query: store.query },
      schemas: options.app?.schemas,
      webhook,
    });
  }

  /**
   * Opens a hub: `sqlite:./path.db`, `memory:`, or a storage provider.
   *
   * @throws {DurableError} UNKNOWN_STORAGE, INVALID_TASK_HUB_NAME, TASK_HUB_NOT_FOUND, INVALID_CONFIGURATION, DATABASE_NOT_OURS, DATABASE_CORRUPT, DATABASE_TOO_NEW
   */
  static async open(storage: string | StorageProvider, options: TaskHubOptions = {}): Promise<TaskHub> {
    checkTaskHubName(options.taskHubName ?? DEFAULT_TASK_HUB_NAME);
    defaultSettings(options.settings);
    const { create = true } = options;
    const provider = typeof storage === "string" ? await openStorage(storage, { create }) : storage;
    return TaskHub.#open(provider, { ...options, ownsStorage: true });
  }

  /** Another hub of the same storage, which stays open as long as this one. */
  openAnother(options: TaskHubOptions & { readonly taskHubName: string }): Promise<TaskHub> {
    checkTaskHubName(options.taskHubName);
    return TaskHub.#open(this.#storage, { ...options, ownsStorage: false });
  }

  static async #open(
    provider: StorageProvider,
    options: TaskHubOptions & { readonly ownsStorage: boolean },
  ): Promise<TaskHub> {
    const { create = true, taskHubName = DEFAULT_TASK_HUB_NAME } = options;
    const webhook = new Webhook(options);
    if (create) await provider.taskHubs.ensure(taskHubName);
    const hub = new TaskHub(provider, await provider.openTaskHub(taskHubName), webhook, options);
    if (options.ownsStorage) hubOpened(hub);
    return hub;
  }

  /** What surfaces read of the store. */
  get query(): QueryStore {
    return this.#store.query;
  }

  get name(): string {
    return this.#store.hub.name;
  }

  /** owner: runs the instances. standby: another process does, and this one takes over when it dies. */
  get role(): TaskHubWorker["role"] {
    return this.#worker?.role ?? "stopped";
  }

  /** The provider, to create, list and delete task hubs. */
  get storage(): StorageProvider {
    return this.#storage;
  }

  /** Begins to run instances. */
  async start(): Promise<void> {
    if (this.#worker === undefined || this.#started) return;
    this.#started = true;
    makeConsoleReplaySafe();
    await this.#worker.start();
    this.#sweeper?.start();
  }

  /** Stops running instances: activities may finish within `drainMs` (default 10,000); the rest is left to the next owner. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    hubClosed(this);
    await this.#sweeper?.stop();
    await this.#worker?.stop(options);
    if (this.#ownsStorage) await this.#storage.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function makeWorker({
  store,
  app,
  settings,
  logger,
  remoteWorkers,
}: Pick<TaskHubOptions, "logger" | "remoteWorkers"> & {
  readonly store: TaskHubStore;
  readonly app: App;
  readonly settings: EngineSettings;
}): TaskHubWorker {
  const local = new LocalExecutor({
    registry: app.registry,
    clock: systemClock,
    builtIns: builtInsOf(app, settings),
    ...settings,
  });
  const executor = remoteWorkers ? new HybridExecutor(local, remoteWorkers) : local;
  return new TaskHubWorker({ store, executor, settings, ...(logger ? { logger } : {}) });
}
