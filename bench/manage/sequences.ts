import type { DurableClient } from "perdure";

const AT_ONCE = 2_000;

/** Hello-sequences that go on and on, so many at once. */
export class Sequences {
  readonly #client: DurableClient;
  readonly #loops: Promise<void>[];
  #completed = 0;
  #stopped = false;

  constructor(client: DurableClient) {
    this.#client = client;
    this.#loops = Array.from({ length: AT_ONCE }, () => this.#loop());
  }

  /** How many are completed each second while something goes on. */
  async rateDuring(what: () => Promise<unknown>): Promise<number> {
    const before = this.#completed;
    const began = performance.now();
    await what();
    return ((this.#completed - before) * 1_000) / (performance.now() - began);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const id = await this.#client.startNew("sequence", { input: 3 });
      await this.#client.waitForCompletion(id);
      this.#completed += 1;
    }
  }
}
