import { type DurableError, isDurableError } from "../../src/core/errors.ts";
import { evaluate } from "./evaluate.ts";
import { KEYS } from "./ledgers.ts";
import { type Program, type Step, stepsOf } from "./programs.ts";
import type { Random } from "./seeded-random.ts";
import type { World } from "./world.ts";

/** One orchestration that a user has started, and what else the user did to it. */
export interface Root {
  readonly instanceId: string;
  readonly program: Program;
  acknowledged: boolean;
  terminated: boolean;
  purged: boolean;
  /** A purge was asked for. */
  mayBePurged: boolean;
  /** Nothing more will be asked of it. */
  left: boolean;
}

/** What people and programs outside the hub do: they start things, raise events, get in the way, and wait. */
export class Users {
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  async accompany(root: Root): Promise<void> {
    await this.#world.sleep(this.#random.pick([0, 10, 3_000]));
    await this.#start(root);
    root.acknowledged = true;
    await Promise.all([this.#raiseAll(root), this.#disturb(root), this.#seeItEnd(root)]);
    await this.#tidyUp(root);
    root.left = true;
  }

  /** Signals ledgers, and cleans up what is empty, until there is nothing more to do with it. */
  async tend(): Promise<void> {
    const random = this.#random;
    for (let round = random.int(4); round > 0; round--) {
      await this.#world.sleep(random.pick([0, 100, 5_000]));
      const entity = { name: "Ledger", key: random.pick(KEYS) };
      const scheduledTime = new Date(this.#world.simulation.now() + random.pick([0, 1, 10_000]));
      switch (random.int(4)) {
        case 0:
          await this.#world.call((client) => client.entities.clean());
          break;
        case 1:
          await this.#world.call((client) => client.purgeInstances([`@fleeting@${entity.key}`]));
          break;
        case 2:
          await this.#world.call((client) => client.entities.signal(entity, "note", {}, { scheduledTime }));
          break;
        default:
          await this.#world.call((client) => client.entities.signal(entity, "note", {}));
      }
    }
  }

  async #start({ instanceId, program }: Root): Promise<void> {
    const startAt = this.#random.chance(0.15) ? new Date(this.#world.simulation.now() + 5_000) : undefined;
    const name = program.hasty ? "hasty" : "program";
    await this.#unlessRefused(["INSTANCE_ALREADY_EXISTS"], () =>
      this.#world.call((client) =>
        client.startNew(name, { instanceId, input: program, ...(startAt ? { startAt } : {}) }),
      ),
    );
  }

  async #raiseAll(root: Root): Promise<void> {
    const steps = root.program.bodies.flatMap((body) => [...stepsOf(body)]);
    await Promise.all(steps.map((step) => this.#raise(root, step)));
  }

  async #raise({ instanceId }: Root, step: Step): Promise<void> {
    const random = this.#random;
    if (step.op === "limitedEvent" && step.raised) {
      await this.#world.sleep(random.pick([0, 100, 8_000]));
      await this.#world.call((client) =>
        client.raiseEvent(instanceId, step.name, "nothing", { idempotencyKey: step.name }),
      );
    }
    if (step.op !== "events") return;
    for (let index = 0; index < step.count; index++) {
      await this.#world.sleep(random.pick([0, 0, 100, 20_000]));
      for (let time = 0; time < (random.chance(0.3) ? 2 : 1); time++) {
        const idempotencyKey = `${step.name}#${index}`;
        // Order holds for one sender: of events that follow each other, all go through a process that only talks.
        const kind = step.count > 1 ? "client" : "any";
        await this.#world.call(
          (client) => client.raiseEvent(instanceId, step.name, index, { idempotencyKey }),
          kind,
        );
      }
    }
  }

  async #disturb(root: Root): Promise<void> {
    const random = this.#random;
    const { instanceId } = root;
    await this.#world.sleep(random.pick([0, 100, 3_000, 20_000]));
    const refused = ["INVALID_INSTANCE_STATE", "INSTANCE_NOT_FOUND", "INSTANCE_ALREADY_EXISTS"] as const;
    switch (random.int(12)) {
      case 0:
      case 1:
        await this.#unlessRefused(refused, () =>
          this.#world.call((client) => client.suspend(instanceId, "wait")),
        );
        await this.#world.sleep(random.pick([0, 100, 30_000]));
        return this.#resume(instanceId);
      case 2:
        root.terminated = true;
        return this.#unlessRefused(refused, () =>
          this.#world.call((client) => client.terminate(instanceId, "enough")),
        );
      case 3:
        return this.#startAgain(root);
      default:
        return;
    }
  }

  /** With the same id: refused or joined while it lives; once it has ended it runs again, to the same end. */
  async #startAgain({ instanceId, program }: Root): Promise<void> {
    if (waitsForEvents(program)) return;
    const onConflict = this.#random.pick(["error", "join"] as const);
    const name = program.hasty ? "hasty" : "program";
    await this.#unlessRefused(["INSTANCE_ALREADY_EXISTS"], () =>
      this.#world.call((client) => client.startNew(name, { instanceId, input: program, onConflict })),
    );
    await this.#waitFor(instanceId);
  }

  /** A failure that is none by its meaning is rewound; one that is, too, now and then, for it must come back. */
  /** While its suspension is on the way, an instance cannot be resumed yet. */
  async #resume(instanceId: string): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        return await this.#world.call((client) => client.resume(instanceId, "go on"));
      } catch (error) {
        if (!isDurableError(error, "INVALID_INSTANCE_STATE") && !isDurableError(error, "INSTANCE_NOT_FOUND"))
          throw error;
        await this.#world.sleep(10_000);
      }
    }
  }

  async #seeItEnd(root: Root): Promise<void> {
    const { instanceId, program } = root;
    const isMeant = evaluate(program).status === "Failed";
    const rewinds = isMeant ? this.#random.int(2) : Number.POSITIVE_INFINITY;
    for (let rewound = 0; ; rewound++) {
      const status = await this.#waitFor(instanceId);
      if (status !== "Failed" || root.terminated || rewound >= rewinds) return;
      await this.#unlessRefused(["INVALID_INSTANCE_STATE"], () =>
        this.#world.call((client) => client.rewind(instanceId, "try again")),
      );
      await this.#world.sleep(2_000);
    }
  }

  async #waitFor(instanceId: string): Promise<string> {
    for (;;) {
      const timeoutMs = this.#random.pick([1_000, 60_000]);
      try {
        return (await this.#world.call((client) => client.waitForCompletion(instanceId, { timeoutMs })))
          .runtimeStatus;
      } catch (error) {
        if (!isDurableError(error, "WAIT_TIMEOUT")) throw error;
      }
    }
  }

  async #tidyUp(root: Root): Promise<void> {
    const { instanceId, program } = root;
    const random = this.#random;
    await this.#world.sleep(random.pick([0, 5_000]));
    if (random.chance(0.1) && !waitsForEvents(program)) {
      const id = await this.#world.call((client) => client.restart(instanceId));
      await this.#waitFor(id);
    } else if (random.chance(0.2)) {
      const { instancesDeleted } = await this.#world.call((client) => client.purgeInstances([instanceId]));
      root.mayBePurged = true;
      root.purged = instancesDeleted > 0;
    }
  }

  async #unlessRefused(
    codes: readonly DurableError["code"][],
    action: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!codes.some((code) => isDurableError(error, code))) throw error;
    }
  }
}

function waitsForEvents(program: Program): boolean {
  return program.bodies.some((body) => [...stepsOf(body)].some((step) => step.op === "events"));
}
