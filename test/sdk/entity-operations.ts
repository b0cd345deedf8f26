import { onTestFinished } from "vitest";
import { App, type EntityName, TaskHub } from "../../src/sdk/index.ts";

/** An operation and its input. */
export type Operation = readonly [name: string, input?: unknown];

/** An app on a hub in memory, and what its entities answer. */
export class EntityScene {
  readonly app = new App();
  #hub: TaskHub | undefined;

  constructor() {
    this.app.orchestration(
      "callAll",
      async (context, [entity, operations]: readonly [EntityName, readonly Operation[]]) => {
        const answers: unknown[] = [];
        for (const [operation, input] of operations) {
          try {
            answers.push((await context.callEntity<unknown>(entity, operation, input)) ?? null);
          } catch (error) {
            answers.push(`failed: ${(error as Error).message.replace(/^.*? failed: /, "")}`);
          }
        }
        return answers;
      },
    );
  }

  async hub(rollback = true): Promise<TaskHub> {
    if (this.#hub) return this.#hub;
    const hub = await TaskHub.open("memory:", {
      app: this.app,
      settings: { rollbackEntityOperationsOnExceptions: rollback },
    });
    this.#hub = hub;
    onTestFinished(() => hub.close());
    await hub.start();
    return hub;
  }

  /** What the operations of an entity answer, one after the other. */
  async answers(entity: EntityName, ...operations: readonly Operation[]): Promise<readonly unknown[]> {
    const { client } = await this.hub();
    const id = await client.startNew("callAll", { input: [entity, operations] });
    return (await client.waitForCompletion(id)).output as readonly unknown[];
  }

  async state(entity: EntityName): Promise<unknown> {
    return (await (await this.hub()).client.readEntityState(entity)).entityState;
  }
}
