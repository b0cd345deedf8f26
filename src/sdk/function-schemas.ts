import type { Schema } from "./schema.ts";

/** The schemas of an app's functions and events, by name without regard to case. */
export class FunctionSchemas {
  readonly #orchestratorInputs = new Map<string, Schema>();
  readonly #events = new Map<string, Schema>();

  addOrchestratorInput(name: string, schema: Schema | undefined): void {
    if (schema) this.#orchestratorInputs.set(name.toLowerCase(), schema);
  }

  addEvent(name: string, schema: Schema | undefined): void {
    if (schema) this.#events.set(name.toLowerCase(), schema);
  }

  orchestratorInput(name: string): Schema | undefined {
    return this.#orchestratorInputs.get(name.toLowerCase());
  }

  event(name: string): Schema | undefined {
    return this.#events.get(name.toLowerCase());
  }
}
