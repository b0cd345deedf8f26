import { checkTaskHubName } from "../core/task-hub-name.ts";
import { systemClock } from "../engine/clock.ts";
import { LocalExecutor } from "../engine/local-executor.ts";
import { type Logger, silentLogger } from "../engine/logger.ts";
import { defaultSettings, type EngineSettings } from "../engine/settings.ts";
import { StoreSweeper } from "../engine/store-sweeper.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import { openStorage } from "../providers/open/index.ts";
import type { StorageProvider, TaskHubStore } from "../storage/index.ts";
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
  readonly #sweeper: StoreSweeper;
  #started = false;
  #closed = false;

  private constructor(
    storage: StorageProvider,
    store: TaskHubStore,
    webhook: Webhook,
    options: TaskHubOptions,
  ) {
    const settings = defaultSettings(options.settings);
    this.#storage = storage;
    this.#store = store;
    this.#worker = options.app && makeWorker(store, options.app, settings, options.logger);
    this.#sweeper = new StoreSweeper({
      taskHubs: storage.taskHubs,
      clock: systemClock,
      logger: options.logger ?? silentLogger,
    });
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
    const name = options.taskHubName ?? DEFAULT_TASK_HUB_NAME;
    checkTaskHubName(name);
    const settings = defaultSettings(options.settings);
    const webhook = new Webhook(options);
    const { create = true } = options;
    const provider = typeof storage === "string" ? await openStorage(storage, { create }) : storage;
    if (create) await provider.taskHubs.ensure(name);
    const hub = new TaskHub(provider, await provider.openTaskHub(name), webhook, { ...options, settings });
    hubOpened(hub);
    return hub;
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
    this.#sweeper.start();
  }

  /** Stops running instances: activities may finish within `drainMs` (default 10,000); the rest is left to the next owner. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    hubClosed(this);
    await this.#sweeper.stop();
    await this.#worker?.stop(options);
    await this.#storage.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function makeWorker(
  store: TaskHubStore,
  app: App,
  settings: EngineSettings,
  logger: Logger | undefined,
): TaskHubWorker {
  const executor = new LocalExecutor({
    registry: app.registry,
    clock: systemClock,
    builtIns: builtInsOf(app, settings),
    ...settings,
  });
  return new TaskHubWorker({ store, executor, settings, ...(logger ? { logger } : {}) });
}
