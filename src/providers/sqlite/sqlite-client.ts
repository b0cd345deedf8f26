import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type {
  ClientStore,
  CreateResult,
  HistoryChunk,
  InstancePatch,
  NewInstance,
  NewMessage,
} from "../../storage/index.ts";
import { statusOf } from "./instance-row.ts";
import { checkExists, type Hub } from "./store.ts";

export class SqliteClientStore implements ClientStore {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  async create(
    instance: Omit<NewInstance, "run">,
    replaces: readonly RuntimeStatus[],
  ): Promise<CreateResult> {
    const run = this.#hub.store.runs.next();
    const result = await this.#hub.store.writes.add("create", () =>
      this.#create({ ...instance, run }, replaces),
    );
    if (result.type === "created") this.#hub.listeners.notify(this);
    return result;
  }

  async restore(
    instance: Omit<NewInstance, "run">,
    patch: InstancePatch,
    chunks: readonly HistoryChunk[],
  ): Promise<CreateResult> {
    const run = this.#hub.store.runs.next();
    const result = await this.#hub.store.writes.add("restore", () =>
      this.#restore({ ...instance, run }, patch, chunks),
    );
    if (result.type === "created") this.#hub.listeners.notify(this);
    return result;
  }

  async send(messages: readonly NewMessage[]): Promise<readonly number[]> {
    const { inbox } = this.#hub.store.tables;
    const ids = await this.#hub.store.writes.add("send", () => {
      checkExists(this.#hub);
      return messages.map((message) => inbox.add(this.#hub, message));
    });
    this.#hub.listeners.notify(this);
    return ids;
  }

  #restore(instance: NewInstance, patch: InstancePatch, chunks: readonly HistoryChunk[]): CreateResult {
    checkExists(this.#hub);
    const { instances, history } = this.#hub.store.tables;
    if (!instances.insert(this.#hub, instance, patch)) {
      const existing = instances.find(this.#hub, instance.instanceId);
      return { type: "exists", status: statusOf(existing?.status ?? 0) };
    }
    for (const chunk of chunks) history.append(instance.run, chunk);
    return { type: "created", run: instance.run };
  }

  #create(instance: NewInstance, replaces: readonly RuntimeStatus[]): CreateResult {
    checkExists(this.#hub);
    const { tables } = this.#hub.store;
    const existing = tables.instances.find(this.#hub, instance.instanceId);
    if (existing) {
      const status = statusOf(existing.status);
      if (!replaces.includes(status)) return { type: "exists", status };
      tables.removeInstance(this.#hub, instance.instanceId, existing.run);
    }
    tables.instances.insert(this.#hub, instance);
    return { type: "created", run: instance.run };
  }
}
