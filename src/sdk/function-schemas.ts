import type { Schema } from "./schema.ts";

/** The schemas of an app's functions and events, by name without regard to case. */
export class FunctionSchemas {
  readonly #orchestratorInputs = new Map<string, Map<string | undefined, Schema>>();
  readonly #events = new Map<string, Schema>();

  addOrchestratorInput(name: string, version: string | undefined, schema: Schema | undefined): void {
    const key = name.toLowerCase();
    const versions = this.#orchestratorInputs.get(key) ?? new Map<string | undefined, Schema>();
    if (schema) this.#orchestratorInputs.set(key, versions.set(version, schema));
  }

  addEvent(name: string, schema: Schema | undefined): void {
    if (schema) this.#events.set(name.toLowerCase(), schema);
  }

  /** Of the function that is registered for this version, else of the one without a version. */
  orchestratorInput(name: string, version: string | undefined): Schema | undefined {
    const versions = this.#orchestratorInputs.get(name.toLowerCase());
    return versions?.get(version) ?? versions?.get(undefined);
  }

  event(name: string): Schema | undefined {
    return this.#events.get(name.toLowerCase());
  }
}
