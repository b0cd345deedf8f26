import { isTerminal, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { NewInstance } from "../storage/index.ts";
import { ActiveInstance, type Delivery, startedEvent } from "./active-instance.ts";
import type { Clock } from "./clock.ts";
import type { ResidentInstances } from "./resident-instances.ts";
import type { Tenure } from "./tenure.ts";

export type StartOutcome =
  | { readonly type: "started" }
  | { readonly type: "exists"; readonly status: RuntimeStatus };

/** Brings instances into being, each with its first episode. Whether the id is free, the commit decides. */
export class InstanceStarts {
  readonly #residents: ResidentInstances;
  readonly #clock: Clock;
  readonly #tenure: Readonly<Tenure>;

  constructor(residents: ResidentInstances, clock: Clock, tenure: Readonly<Tenure>) {
    this.#residents = residents;
    this.#clock = clock;
    this.#tenure = tenure;
  }

  start(instance: NewInstance, replaces: readonly RuntimeStatus[]): Promise<StartOutcome> {
    if (this.#tenure.over) return Promise.reject(this.#tenure.over);
    const known = this.#residents.get(instance.instanceId);
    if (known) return this.#startAgain(known, instance, replaces);
    const active = new ActiveInstance(instance.instanceId);
    const event = startedEvent(instance);
    active.run = instance.run;
    active.creation = { instance, replaces };
    active.started = event;
    const outcome = new Promise<StartOutcome>((resolve, reject) => {
      active.inbox.push({ event, settled: (settled) => settle(active, settled, { resolve, reject }) });
    });
    this.#residents.add(active);
    return outcome;
  }

  /** Someone with this id is in memory: alive, or about to be known. */
  #startAgain(
    known: ActiveInstance,
    instance: NewInstance,
    replaces: readonly RuntimeStatus[],
  ): Promise<StartOutcome> {
    const isSettled = known.phase !== "loading" && known.creation === undefined;
    if (isSettled && !isTerminal(known.row.status)) {
      return Promise.resolve({ type: "exists", status: known.row.status });
    }
    return new Promise((resolve, reject) => {
      this.#clock.soon(() => {
        this.start(instance, replaces).then(resolve, reject);
      });
    });
  }
}

/** What the start message of an instance is settled with when its id is another's. */
export class AlreadyExists extends Error {
  readonly status: RuntimeStatus;

  constructor(status: RuntimeStatus) {
    super(`An instance with the status ${status} already exists.`);
    this.status = status;
  }
}

function settle(
  { instanceId }: ActiveInstance,
  outcome: Delivery | Error,
  promise: {
    readonly resolve: (outcome: StartOutcome) => void;
    readonly reject: (error: Error) => void;
  },
): void {
  if (outcome === "delivered") promise.resolve({ type: "started" });
  else if (outcome instanceof AlreadyExists) promise.resolve({ type: "exists", status: outcome.status });
  else if (outcome instanceof Error) promise.reject(outcome);
  else promise.reject(new Error(`The start of '${instanceId}' was dropped.`));
}
