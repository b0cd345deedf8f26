import { encodeChunk } from "../../src/core/history-chunk.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { RuntimeStatus } from "../../src/core/orchestration-status.ts";
import { isTerminal } from "../../src/core/orchestration-status.ts";
import type { StorageProvider } from "../../src/storage/index.ts";

export interface Written {
  /** When it was created. */
  readonly at?: number;
  readonly input?: string;
  readonly history?: readonly HistoryEvent[];
}

/** Writes instances of any status into a hub that no worker runs, so that they stay as they are. */
export class Instances {
  readonly #storage: StorageProvider;
  readonly #taskHub: string;

  constructor(storage: StorageProvider, taskHub: string) {
    this.#storage = storage;
    this.#taskHub = taskHub;
  }

  async put(
    instanceId: string,
    status: RuntimeStatus,
    { at = Date.UTC(2030, 0, 1), input = '{"n":1}', history = [] }: Written = {},
  ): Promise<void> {
    const hub = await this.#storage.openTaskHub(this.#taskHub);
    const instance = { instanceId, executionId: "e", name: "wait", createdAt: at, input };
    const created = await hub.client.create(instance, []);
    if (created.type !== "created") throw new Error(`'${instanceId}' is there already`);
    if (status === "Pending") return;
    const worker = hub.worker({
      workerId: "writer",
      processId: process.pid,
      hostName: "test",
      leaseMs: 60_000,
    });
    const [owned] = await worker.join();
    if (owned === undefined) throw new Error("Someone else runs this hub");
    const [outcome] = await worker.commit([
      {
        partition: owned.partition,
        epoch: owned.epoch,
        instanceId,
        run: created.run,
        chunk: { seq: 0, at, ...encodeChunk(history, at) },
        patch: {
          status,
          recover: false,
          ...(isTerminal(status) ? { completedAt: at, output: '"out"' } : {}),
        },
        consumed: [],
        timersNew: [],
        timersDone: [],
        messages: [],
        starts: [],
      },
    ]);
    if (outcome?.type !== "applied") throw new Error(`'${instanceId}' was not written`);
  }
}
