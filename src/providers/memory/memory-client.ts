import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type { ClientStore, CreateResult, NewInstance, NewMessage } from "../../storage/index.ts";
import type { MemoryHub } from "./memory-hub.ts";

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

  async send(messages: readonly NewMessage[]): Promise<void> {
    this.#hub.checkExists();
    for (const message of messages) this.#hub.addMessage(message);
    this.#hub.listeners.notify(this);
  }
}
