import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type {
  ClientStore,
  CreateResult,
  HistoryChunk,
  InstancePatch,
  NewInstance,
  NewMessage,
} from "../../storage/index.ts";
import type { MemoryHub } from "./memory-hub.ts";
import { patchedRecord } from "./memory-instance.ts";

export class MemoryClientStore implements ClientStore {
  readonly #hub: MemoryHub;

  constructor(hub: MemoryHub) {
    this.#hub = hub;
  }

  async create(
    instance: Omit<NewInstance, "run">,
    replaces: readonly RuntimeStatus[],
  ): Promise<CreateResult> {
    this.#hub.checkExists();
    const status = this.#hub.makeRoom(instance.instanceId, replaces);
    if (status !== undefined) return { type: "exists", status };
    const run = this.#hub.counters.nextRun++;
    this.#hub.insert({ ...instance, run });
    this.#hub.listeners.notify(this);
    return { type: "created", run };
  }

  async restore(
    instance: Omit<NewInstance, "run">,
    patch: InstancePatch,
    chunks: readonly HistoryChunk[],
  ): Promise<CreateResult> {
    const created = await this.create(instance, []);
    const pending = this.#hub.get(instance.instanceId);
    if (created.type === "exists" || pending === undefined) return created;
    const record = patchedRecord(pending.record, patch);
    const lastUpdatedAt = Math.max(record.createdAt, chunks.at(-1)?.at ?? 0);
    const effects = { messageIds: [] };
    const history = new Map(chunks.map((chunk) => [chunk.seq, { chunk, effects }]));
    this.#hub.put({ ...pending, record: { ...record, lastUpdatedAt }, history });
    return created;
  }

  async send(messages: readonly NewMessage[]): Promise<readonly number[]> {
    this.#hub.checkExists();
    const ids = messages.map((message) => this.#hub.addMessage(message));
    this.#hub.listeners.notify(this);
    return ids;
  }
}
