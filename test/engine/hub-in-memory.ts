import { onTestFinished } from "vitest";
import { HybridExecutor } from "../../src/engine/hybrid-executor.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import type { Logger } from "../../src/engine/logger.ts";
import type { RemoteWorkers } from "../../src/engine/remote-workers.ts";
import { defaultSettings, type EngineSettings } from "../../src/engine/settings.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App } from "../../src/sdk/app.ts";
import type { ClientStore, TaskHubStore, WorkerIdentity, WorkerStore } from "../../src/storage/index.ts";
import { bound } from "../../src/testing/bound-store.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

export interface HubOptions {
  readonly settings?: Partial<EngineSettings>;
  readonly partitionCount?: number;
}

export interface HostOptions {
  /** Default: the hub's. */
  readonly app?: App;
  /** Whoever runs what the app does not have. Default: nobody. */
  readonly remoteWorkers?: RemoteWorkers | undefined;
  /** Puts something between this worker and the store. */
  readonly wrap?: (worker: WorkerStore) => WorkerStore;
  /** The same for its client. */
  readonly wrapClient?: (client: ClientStore) => ClientStore;
}

/** One process that runs the hub. */
export interface Host {
  readonly worker: TaskHubWorker;
  readonly client: TaskHubClient;
}

/** A task hub in memory on a clock that the test moves, and the processes that come and go on it. */
export class HubInMemory {
  readonly app = new App();
  readonly clock = new VirtualClock();
  /** What the engine has logged as a warning or an error. */
  readonly complaints: string[] = [];
  readonly settings: EngineSettings;
  readonly #options: HubOptions;
  #store: TaskHubStore | undefined;
  #hosts = 0;

  constructor(options: HubOptions = {}) {
    this.#options = options;
    this.settings = defaultSettings({ maxConcurrentActivityFunctions: 10, ...options.settings });
  }

  async store(): Promise<TaskHubStore> {
    if (this.#store === undefined) {
      const storage = createMemoryStorage({ clock: this.clock });
      const { partitionCount } = this.#options;
      await storage.taskHubs.ensure("TestHub", partitionCount === undefined ? {} : { partitionCount });
      this.#store = await storage.openTaskHub("TestHub");
    }
    return this.#store;
  }

  /** Starts a process that runs the app. */
  async host(options: HostOptions = {}): Promise<Host> {
    const host = await this.newHost(options);
    await host.worker.start();
    await this.clock.settle();
    return host;
  }

  /** The same, not started yet. */
  async newHost(options: HostOptions = {}): Promise<Host> {
    const {
      app = this.app,
      wrap = (worker) => worker,
      wrapClient = (client) => client,
      remoteWorkers,
    } = options;
    const hub = await this.store();
    const store = {
      ...hub,
      client: wrapClient(hub.client),
      worker: (identity: WorkerIdentity) => wrap(bound(hub.worker(identity))),
    };
    const { clock, settings } = this;
    const local = new LocalExecutor({ registry: app.registry, clock, ...settings });
    const worker = new TaskHubWorker({
      store,
      settings,
      clock,
      executor: remoteWorkers ? new HybridExecutor(local, remoteWorkers) : local,
      logger: this.#logger(),
      workerId: `worker-${++this.#hosts}`,
    });
    onTestFinished(() => worker.kill());
    return { worker, client: new TaskHubClient({ store, settings, clock, worker }) };
  }

  /** A process that only talks to the hub. */
  async client(): Promise<TaskHubClient> {
    return new TaskHubClient({ store: await this.store(), settings: this.settings, clock: this.clock });
  }

  #logger(): Logger {
    const note = (_details: object, message: string): void => {
      this.complaints.push(message);
    };
    return { debug: () => undefined, info: () => undefined, warn: note, error: note };
  }
}

/** A promise that the test settles. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
