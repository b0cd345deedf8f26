import { KEYS } from "./ledgers.ts";
import type { Random } from "./seeded-random.ts";

/** Of those that the orchestrators are registered with: the one that every start gets. */
export const NEWEST_VERSION = "1.10";

/** A step that a task stands for: several can run side by side. */
export type Leaf =
  | { readonly op: "activity"; readonly value: number }
  | { readonly op: "failing"; readonly value: number }
  /** Fails so many times in a row, and is tried so often. */
  | { readonly op: "retried"; readonly key: string; readonly failures: number; readonly attempts: number }
  /** Fails on its first runs, with nobody to try again: only a rewind helps. */
  | { readonly op: "brittle"; readonly key: string; readonly failures: number }
  | { readonly op: "timer"; readonly delayMs: number }
  | { readonly op: "child"; readonly body: Step; readonly explicitId: boolean };

/** A small orchestration language: small enough to generate, rich enough to nest. */
export type Step =
  | Leaf
  | { readonly op: "sequence"; readonly steps: readonly Step[] }
  | { readonly op: "all"; readonly leaves: readonly Leaf[] }
  /** All leaves come to the same: whoever is first, the meaning is clear. */
  | { readonly op: "any"; readonly leaf: Leaf; readonly count: number }
  /** In an async orchestrator the branches run side by side, in a generator one after another. */
  | { readonly op: "branches"; readonly steps: readonly Step[] }
  | { readonly op: "catch"; readonly body: Step }
  | { readonly op: "canceledTimer"; readonly value: number }
  /** Waits so often for one event, which is raised so often, each time with the next number. */
  | { readonly op: "events"; readonly name: string; readonly count: number }
  /** The event is never raised, or comes with the very value that stands for its absence. */
  | {
      readonly op: "limitedEvent";
      readonly name: string;
      readonly raised: boolean;
      readonly timeoutMs: number;
    }
  | { readonly op: "status"; readonly value: number }
  | { readonly op: "guid" }
  /** A step that newer code has, and that counts for every instance of this code, however often it is replayed. */
  | { readonly op: "patched"; readonly id: string; readonly value: number }
  /** The version that the instance is pinned to. */
  | { readonly op: "version" }
  | { readonly op: "start"; readonly body: Step }
  /** A child that waits for so many events, and the events, with other work between them or at once. */
  | { readonly op: "talk"; readonly count: number; readonly atOnce: boolean }
  | EntityStep;

/** What is asked of entities. What comes of it, the entities are asked in the end. */
export type EntityStep =
  /** Signals that are numbered, with other work between them or at once. */
  | { readonly op: "notes"; readonly key: string; readonly count: number; readonly atOnce: boolean }
  | { readonly op: "ask"; readonly key: string; readonly count: number }
  | { readonly op: "refusedOperation"; readonly key: string }
  /** The ledger signals another one. */
  | { readonly op: "pass"; readonly key: string; readonly to: string }
  | { readonly op: "later"; readonly key: string; readonly delayMs: number }
  /** Reads and writes two accounts that it has to itself; without a release the end of the instance is the release. */
  | {
      readonly op: "transfer";
      readonly from: string;
      readonly to: string;
      readonly pauseMs: number;
      readonly fails: boolean;
    }
  | { readonly op: "fleeting"; readonly key: string; readonly deletes: boolean };

/** What the orchestrator gets: one body for each execution of continue-as-new. */
export interface Program {
  readonly bodies: readonly Step[];
  /** What the executions before this one came to. */
  readonly results: readonly unknown[];
  readonly preserveEvents: boolean;
  /** Runs under the orchestrator that completes on return. */
  readonly hasty: boolean;
}

interface Allowed {
  readonly depth: number;
  /** Raised from outside: only where the id is known from the start. */
  readonly events: boolean;
  /** Not where a failure is caught, since a rewind would change what is caught. */
  readonly brittle: boolean;
  readonly failing: boolean;
  /** Not where steps run side by side: the last one to set it would be a matter of luck. */
  readonly status: boolean;
}

/** Draws a program; names in it are unique by the prefix. */
export class ProgramGenerator {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #branches: boolean;
  #names = 0;

  constructor(random: Random, prefix: string, branches: boolean) {
    this.#random = random;
    this.#prefix = prefix;
    this.#branches = branches;
  }

  program(): Program {
    const random = this.#random;
    const hasty = random.chance(0.15);
    const events = random.chance(0.5);
    const bodies = Array.from({ length: random.chance(0.3) ? 2 + random.int(2) : 1 }, () =>
      this.#step({
        depth: 3,
        events,
        brittle: !events && !hasty && random.chance(0.4),
        failing: true,
        status: true,
      }),
    );
    return { bodies, results: [], preserveEvents: events || random.chance(0.5), hasty };
  }

  #step(allowed: Allowed): Step {
    const random = this.#random;
    const deeper = { ...allowed, depth: allowed.depth - 1 };
    if (allowed.depth === 0 || random.chance(0.25)) return this.#leaf(deeper);
    switch (random.int(22)) {
      case 0:
      case 1:
      case 2:
        return { op: "sequence", steps: this.#some(1, 3, () => this.#step(deeper)) };
      case 3:
      case 4:
        return {
          op: "all",
          leaves: this.#some(0, 4, () => this.#leaf({ ...deeper, failing: random.chance(0.1) })),
        };
      case 5:
        return { op: "any", leaf: { op: "activity", value: random.int(100) }, count: 1 + random.int(3) };
      case 6:
        return this.#sideBySide(deeper);
      case 7:
        return { op: "catch", body: this.#step({ ...deeper, brittle: false, failing: allowed.status }) };
      case 8:
        return { op: "canceledTimer", value: random.int(100) };
      case 9:
        return this.#eventStep(allowed);
      case 10:
        return allowed.status ? { op: "status", value: random.int(100) } : { op: "guid" };
      case 11:
        return { op: "guid" };
      case 12:
        return { op: "start", body: this.#step(inside(deeper)) };
      case 13:
        return { op: "patched", id: random.pick(["first", "second"]), value: random.int(100) };
      case 14:
        return { op: "version" };
      case 15:
      case 16:
      case 17:
      case 18:
      case 19:
      case 20:
        return this.#entityStep(allowed);
      default:
        return this.#talk();
    }
  }

  #entityStep(allowed: Allowed): Step {
    const random = this.#random;
    const key = random.pick(KEYS);
    switch (random.int(8)) {
      case 0:
        return { op: "notes", key, count: 1 + random.int(4), atOnce: random.chance(0.5) };
      case 1:
        return { op: "ask", key, count: 1 + random.int(3) };
      case 2:
        return { op: "refusedOperation", key };
      case 3:
        return { op: "pass", key, to: random.pick(KEYS) };
      case 4:
        return { op: "later", key, delayMs: random.pick([0, 1, 2_000, 20_000]) };
      case 5:
        return { op: "fleeting", key, deletes: random.chance(0.5) };
      default:
        // Side by side they would be in each other's critical section.
        if (!allowed.status) return { op: "ask", key, count: 1 };
        return {
          op: "transfer",
          from: key,
          to: random.pick(KEYS),
          pauseMs: random.pick([0, 0, 100, 5_000]),
          fails: allowed.failing && random.chance(0.1),
        };
    }
  }

  #talk(): Step {
    return { op: "talk", count: 1 + this.#random.int(3), atOnce: this.#random.chance(0.5) };
  }

  #leaf(allowed: Allowed): Leaf {
    const random = this.#random;
    switch (random.int(8)) {
      case 0:
        return allowed.failing
          ? { op: "failing", value: random.int(100) }
          : { op: "activity", value: random.int(100) };
      case 1:
        return this.#retried(allowed);
      case 2:
        if (allowed.brittle) return { op: "brittle", key: this.#name(), failures: random.int(3) };
        return { op: "activity", value: random.int(100) };
      case 3:
      case 4:
        return { op: "timer", delayMs: random.pick([0, 1, 500, 5_000, 40_000]) };
      case 5:
        if (allowed.depth <= 0) return { op: "activity", value: random.int(100) };
        return {
          op: "child",
          body: this.#step({ ...inside(allowed), brittle: allowed.brittle, failing: allowed.failing }),
          explicitId: random.chance(0.3),
        };
      default:
        return { op: "activity", value: random.int(100) };
    }
  }

  #sideBySide(allowed: Allowed): Step {
    if (!this.#branches) return this.#leaf(allowed);
    const alone = { ...allowed, failing: false, brittle: false, status: false };
    return { op: "branches", steps: this.#some(1, 3, () => this.#step(alone)) };
  }

  #retried(allowed: Allowed): Leaf {
    const attempts = 2 + this.#random.int(2);
    const failures =
      allowed.failing && this.#random.chance(0.2) ? Number.MAX_SAFE_INTEGER : this.#random.int(attempts);
    return { op: "retried", key: this.#name(), failures, attempts };
  }

  #eventStep(allowed: Allowed): Step {
    const random = this.#random;
    const limited = random.chance(0.5);
    if (limited) {
      const raised = allowed.events && random.chance(0.5);
      return { op: "limitedEvent", name: this.#name(), raised, timeoutMs: random.pick([1, 300, 10_000]) };
    }
    if (allowed.events) return { op: "events", name: this.#name(), count: 1 + random.int(3) };
    return this.#talk();
  }

  #some<T>(least: number, most: number, draw: () => T): readonly T[] {
    return Array.from({ length: least + this.#random.int(most - least + 1) }, draw);
  }

  #name(): string {
    return `${this.#prefix}.${this.#names++}`;
  }
}

function inside(allowed: Allowed): Allowed {
  return { depth: allowed.depth - 1, events: false, brittle: false, failing: true, status: true };
}

/** The program of a child or of an orchestration that is started on the side. */
export function programOf(body: Step): Program {
  return { bodies: [body], results: [], preserveEvents: false, hasty: false };
}

/** All steps of a step, itself first; those of other instances only when asked for. */
export function* stepsOf(step: Step, alsoOfChildren = false): Generator<Step> {
  yield step;
  switch (step.op) {
    case "sequence":
    case "branches":
      for (const each of step.steps) yield* stepsOf(each, alsoOfChildren);
      return;
    case "all":
      for (const leaf of step.leaves) yield* stepsOf(leaf, alsoOfChildren);
      return;
    case "any":
      return yield* stepsOf(step.leaf, alsoOfChildren);
    case "catch":
      return yield* stepsOf(step.body, alsoOfChildren);
    case "child":
    case "start":
      if (alsoOfChildren) yield* stepsOf(step.body, alsoOfChildren);
      return;
    default:
      return;
  }
}

/** Code elsewhere has neither patches nor the versions of this host. */
export function withoutWhatIsOnlyHere(program: Program): Program {
  const text = JSON.stringify(program, (_key, value: unknown) => {
    const isOnlyHere = isStep(value) && (value.op === "patched" || value.op === "version");
    return isOnlyHere ? { op: "guid" } : value;
  });
  return JSON.parse(text) as Program;
}

function isStep(value: unknown): value is { readonly op: unknown } {
  return typeof value === "object" && value !== null && "op" in value;
}
