import { DurableError } from "../../src/core/errors.ts";
import type { Executor, FunctionKind } from "../../src/engine/executor.ts";
import { HybridExecutor } from "../../src/engine/hybrid-executor.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import { FunctionRegistry } from "../../src/engine/registry.ts";
import { defaultSettings, type EngineSettings } from "../../src/engine/settings.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import type { StorageProvider, TaskHubStore, WorkerStore } from "../../src/storage/index.ts";
import { bound } from "../../src/testing/bound-store.ts";
import { type WorkerElsewhere, WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { Activities } from "./activities.ts";
import type { Faults } from "./faults.ts";
import { orchestrator, type Style } from "./interpret.ts";
import { Ledgers } from "./ledgers.ts";
import { NEWEST_VERSION } from "./programs.ts";
import type { Random } from "./seeded-random.ts";
import { SimulatedConnection, type StoreFaults, Wakes } from "./simulated-store.ts";
import { Process, Simulation } from "./simulation.ts";

export const LEASE_MS = 15_000;
const MOST_ATTEMPTS = 4;
const WORK_MS = [0, 0, 0, 5, 2_000];
const STARTS_AT = Date.UTC(2030, 0, 1);

/** A process that runs the hub, or only talks to it. */
export interface Host {
  readonly process: Process;
  readonly client: TaskHubClient;
  readonly worker: TaskHubWorker | undefined;
  /** Whoever runs what the process does not run itself. */
  readonly elsewhere: WorkersElsewhere | undefined;
  readonly connected: Map<WorkerElsewhere, Process>;
}

export interface WorldOptions {
  readonly random: Random;
  readonly faults: Faults;
  /** Which style the processes run programs in, in turn. */
  readonly styles: readonly Style[];
  /** What runs in other processes than the hub's. */
  readonly elsewhere: ReadonlySet<FunctionKind>;
  /** Opens the store; asked again for each process that is born. */
  readonly openStorage: (clock: { now(): number }) => StorageProvider;
  /** Breaks the store, as the engine sees it, on purpose. */
  readonly mutate?: ((hub: TaskHubStore, simulation: Simulation) => TaskHubStore) | undefined;
}

/** The processes of one simulated run, the store they share and what they did to the world outside. */
export class World {
  readonly simulation: Simulation;
  readonly activities: Activities;
  readonly ledgers: Ledgers;
  readonly settings: EngineSettings;
  /** Beyond all faults: users, and the one who watches. */
  readonly outside = new Process("outside");
  readonly hosts: Host[] = [];
  readonly losses: StoreFaults;
  readonly #options: WorldOptions;
  readonly #wakes: Wakes;
  #store: TaskHubStore | undefined;
  /** What code elsewhere shows from one generation to the next. */
  readonly #carriedOver = new Map<string, string | undefined>();
  #born = 0;
  #ids = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { random, faults } = options;
    this.simulation = new Simulation(random, STARTS_AT);
    this.activities = new Activities(this.simulation);
    this.ledgers = new Ledgers(this.simulation);
    this.losses = { lossRate: faults.lossRate };
    this.#wakes = new Wakes(this.simulation);
    this.settings = defaultSettings({
      leaseMs: LEASE_MS,
      maxConcurrentActivityFunctions: random.pick([1, 3, 10]),
      sessionMemoryBytes: random.pick([0, 8_000, 1_000_000]),
      timerHorizonMs: random.pick([2_000, 600_000]),
      maxTimersInMemory: random.pick([1, 1_000]),
    });
  }

  /** Whether orchestrators run in other processes than the hub's. */
  get orchestratesElsewhere(): boolean {
    return this.#options.elsewhere.has("orchestrator");
  }

  get styles(): readonly Style[] {
    return this.#options.styles;
  }

  get store(): TaskHubStore {
    if (this.#store === undefined) throw new Error("The world has not been opened.");
    return this.#store;
  }

  async open(): Promise<void> {
    const storage = this.#options.openStorage(this.simulation);
    await storage.taskHubs.ensure("simulated", { partitionCount: this.#options.random.pick([1, 3]) });
    this.#store = this.ledgers.audit(this.activities.audit(await storage.openTaskHub("simulated")));
    this.birth("worker");
    this.birth("worker");
    this.birth("client");
  }

  birth(kind: "worker" | "client"): void {
    const process = new Process(`${kind}-${++this.#born}`, this.#options.faults.skew());
    const host = this.#host(process, kind);
    this.hosts.push(host);
    this.connect(host);
    if (host.worker) host.worker.start().catch(() => this.death(host));
  }

  /** The process is gone, and a new one comes later. */
  death(host: Host, comesBackAfterMs = 0): void {
    const index = this.hosts.indexOf(host);
    if (index < 0) return;
    this.hosts.splice(index, 1);
    this.simulation.kill(host.process);
    for (const process of host.connected.values()) this.simulation.kill(process);
    host.worker?.kill();
    this.simulation.schedule(this.outside, "birth", comesBackAfterMs, () =>
      this.birth(host.worker ? "worker" : "client"),
    );
  }

  /** A worker elsewhere comes to a host that has any. */
  connect(host: Host): void {
    if (host.elsewhere === undefined || !host.process.isAlive) return;
    const { simulation } = this;
    const { random, styles, elsewhere } = this.#options;
    const process = new Process(`elsewhere-${++this.#born}`);
    const takeTime = async (): Promise<void> => {
      await simulation.park(process, "work", random.pick(WORK_MS));
      await simulation.park(host.process, "answer");
    };
    const registry = this.#registry(process, random.pick(styles), (kind) => elsewhere.has(kind));
    const worker = host.elsewhere.connect({ registry }, { takeTime });
    host.connected.set(worker, process);
  }

  /** A worker elsewhere dies; another comes later. */
  disconnect(host: Host, comesBackAfterMs: number): void {
    const [gone] = host.connected;
    if (gone === undefined) return;
    const [worker, process] = gone;
    host.connected.delete(worker);
    this.simulation.kill(process);
    host.elsewhere?.disconnect(worker);
    this.simulation.schedule(this.outside, "connect", comesBackAfterMs, () => this.connect(host));
  }

  /** An orderly end. */
  stop(host: Host, comesBackAfterMs: number): void {
    host.worker?.stop({ drainMs: this.#options.random.pick([0, 1_000, 30_000]) }).then(
      () => this.death(host, comesBackAfterMs),
      () => this.death(host, comesBackAfterMs),
    );
  }

  wakeAll(): void {
    this.#wakes.announce(this.outside);
  }

  /** Calls a client in some process, again and again until one answers. Errors that speak of the request are passed on. */
  async call<T>(
    operation: (client: TaskHubClient) => Promise<T>,
    kind: "client" | "any" = "any",
  ): Promise<T> {
    const { random } = this.#options;
    for (;;) {
      const hosts = kind === "any" ? this.hosts : this.hosts.filter(({ worker }) => worker === undefined);
      const host = hosts.length > 0 ? random.pick(hosts) : undefined;
      try {
        if (host) return await host.process.unlessDead(operation(host.client));
      } catch (error) {
        if (error instanceof DurableError && error.family !== "infrastructure") throw error;
      }
      await this.sleep(random.pick([0, 10, 1_000]));
    }
  }

  sleep(ms: number): Promise<void> {
    return this.simulation.park(this.outside, "sleep", ms);
  }

  /** A client that no fault touches. With a worker it also knows what runs there. */
  observer(worker?: TaskHubWorker): TaskHubClient {
    const { store, settings } = this;
    const clock = this.simulation.clockOf(this.outside);
    return new TaskHubClient({ store, settings, clock, ...(worker ? { worker } : {}) });
  }

  #host(process: Process, kind: "worker" | "client"): Host {
    const { simulation, settings } = this;
    const { mutate, styles } = this.#options;
    const clock = simulation.clockOf(process);
    const shared = harmless(this.store);
    const hub = mutate ? mutate(shared, simulation) : shared;
    const store = new SimulatedConnection(process, simulation, this.#wakes, this.losses).open(hub);
    const newId = (): string => `${process.name}-${++this.#ids}`;
    if (kind === "client") {
      const client = new TaskHubClient({ store, settings, clock, newId });
      return { process, worker: undefined, client, elsewhere: undefined, connected: new Map() };
    }
    const elsewhere =
      this.#options.elsewhere.size > 0 ? new WorkersElsewhere(clock, this.#carriedOver) : undefined;
    const style = styles[this.#born % styles.length] ?? "generator";
    const worker = new TaskHubWorker({
      store,
      executor: this.#executor(process, style, elsewhere),
      settings,
      clock,
      workerId: process.name,
      newExecutionId: newId,
    });
    const client = new TaskHubClient({ store, settings, clock, newId, worker });
    return { process, worker, client, elsewhere, connected: new Map() };
  }

  #executor(process: Process, style: Style, elsewhere: WorkersElsewhere | undefined): Executor {
    const local = new LocalExecutor({
      registry: this.#registry(process, style, (kind) => !this.#options.elsewhere.has(kind)),
      clock: this.simulation.clockOf(process),
      maxOrchestrationActions: 10_000,
    });
    return elsewhere ? new HybridExecutor(local, elsewhere) : local;
  }

  #registry(process: Process, style: Style, has: (kind: FunctionKind) => boolean): FunctionRegistry {
    const registry = new FunctionRegistry();
    // Which versions there are elsewhere, only those who start something know.
    const versions = this.#options.elsewhere.has("orchestrator") ? [undefined] : ["1.9", NEWEST_VERSION];
    for (const version of has("orchestrator") ? versions : []) {
      const handler = version === "1.9" ? outdated : orchestrator(style);
      const pinned = version === undefined ? {} : { version };
      registry.addOrchestrator({ name: "program", ...pinned, handler });
      registry.addOrchestrator({ name: "hasty", ...pinned, handler, completeOnReturn: true });
    }
    const { activities, ledgers } = this;
    for (const each of has("activity") ? activities.definitions(process) : []) registry.addActivity(each);
    for (const each of has("entity") ? ledgers.definitions(process, style) : []) registry.addEntity(each);
    return registry;
  }
}

function outdated(): never {
  throw new Error("No instance is pinned to the older version.");
}

/** Processes die of the seed here, never of the work they are at: nothing is to be put into quarantine for that. */
function harmless(hub: TaskHubStore): TaskHubStore {
  return {
    ...hub,
    worker: (identity) => {
      const worker = bound(hub.worker(identity));
      const countAttempts: WorkerStore["countAttempts"] = async (instanceIds) =>
        (await worker.countAttempts(instanceIds)).map((attempts) => Math.min(attempts, MOST_ATTEMPTS));
      return { ...worker, countAttempts };
    },
  };
}
