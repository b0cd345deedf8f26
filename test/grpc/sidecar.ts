import { onTestFinished } from "vitest";
import type { Logger } from "../../src/engine/logger.ts";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { type ServedHub, WorkerPool } from "../../src/grpc/index.ts";
import {
  type SidecarServer,
  type SidecarServerOptions,
  startSidecarServer,
} from "../../src/grpc/sidecar-server.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import { ServedHubs } from "../../src/server/served-hubs.ts";
import type { StorageProvider } from "../../src/storage/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { type ClientOptions, SidecarClient } from "./sidecar-client.ts";

export interface SidecarOptions extends Pick<SidecarServerOptions, "isAllowed" | "tls"> {
  /** What this process runs itself. */
  readonly app?: App;
  readonly settings?: Partial<EngineSettings>;
  /** Default: one in memory. */
  readonly storage?: StorageProvider;
  /** Default true. */
  readonly createOnUse?: boolean;
  readonly activityTimeoutMs?: number;
}

interface LogEntry {
  readonly level: "warn" | "error";
  readonly message: string;
}

/** A server of the protocol on a hub, in memory unless it is told otherwise. The time of its workers is the test's to move. */
export class Sidecar {
  readonly clock: VirtualClock;
  readonly hub: TaskHub;
  readonly workers: WorkerPool;
  readonly hubs: ServedHubs;
  readonly server: SidecarServer;
  readonly client: SidecarClient;
  /** What was logged as a warning or an error. */
  readonly complaints: readonly LogEntry[];
  readonly #clients: SidecarClient[] = [];

  constructor(parts: Pick<Sidecar, "clock" | "hub" | "workers" | "hubs" | "server" | "complaints">) {
    this.clock = parts.clock;
    this.hub = parts.hub;
    this.workers = parts.workers;
    this.hubs = parts.hubs;
    this.server = parts.server;
    this.complaints = parts.complaints;
    this.client = this.connect();
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  connect(options: ClientOptions = {}): SidecarClient {
    const client = new SidecarClient(this.address, options);
    this.#clients.push(client);
    return client;
  }

  poolOf(hubName: string | undefined): Promise<ServedHub> {
    return this.hubs.of(hubName);
  }

  /** Everything that needs no time has happened. */
  settle(): Promise<void> {
    return this.clock.settle();
  }

  /** The server stops, and the time it takes for that passes. */
  async stop(): Promise<void> {
    let isClosed = false;
    const closed = this.server.close({ drainMs: 0, graceMs: 0 }).then(() => {
      isClosed = true;
    });
    while (!isClosed) await this.clock.advance(1_000);
    await closed;
  }

  async dispose(): Promise<void> {
    await this.stop();
    for (const client of this.#clients) client.close();
    await this.hubs.close({ drainMs: 0 });
    await this.hub.close({ drainMs: 0 });
  }
}

export async function startSidecar(options: SidecarOptions = {}): Promise<Sidecar> {
  const {
    app = new App(),
    settings = {},
    storage = createMemoryStorage(),
    createOnUse = true,
    activityTimeoutMs,
    isAllowed,
    tls,
  } = options;
  const clock = new VirtualClock();
  const workers = new WorkerPool(clock, { activityTimeoutMs });
  const complaints: LogEntry[] = [];
  const logger = loggerOf(complaints);
  const hub = await TaskHub.open(storage, {
    app,
    taskHubName: "TestHub",
    settings,
    logger,
    remoteWorkers: workers,
  });
  await hub.start();
  const hubs = new ServedHubs({ own: hub, ownWorkers: workers, settings, createOnUse, logger });
  const server = await startSidecarServer({
    host: "127.0.0.1",
    port: 0,
    hubOf: (name) => hubs.of(name),
    admin: hubs,
    clock,
    logger,
    ...(isAllowed ? { isAllowed } : {}),
    ...(tls ? { tls } : {}),
  });
  const sidecar = new Sidecar({ clock, hub, workers, hubs, server, complaints });
  onTestFinished(() => sidecar.dispose());
  return sidecar;
}

function loggerOf(complaints: LogEntry[]): Logger {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (_details, message) => complaints.push({ level: "warn", message }),
    error: (_details, message) => complaints.push({ level: "error", message }),
  };
}
