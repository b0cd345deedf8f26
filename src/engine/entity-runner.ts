import type { EntityBatchResult } from "../core/entity-batch.ts";
import { parseEntityId } from "../core/entity-id.ts";
import type { EntityOperation } from "../core/entity-message.ts";
import { type EntityStep, planSteps } from "../core/entity-plan.ts";
import type { OwnedPartition } from "../storage/index.ts";
import type { ActiveEntity, ActiveInstance, PendingMessage } from "./active-instance.ts";
import type { PumpOutcome } from "./commit-pump.ts";
import { type BuiltEntityEpisode, buildEntityEpisode } from "./entity-episode.ts";
import type { AfterEpisode } from "./episode-runner.ts";
import type { RunningBatch } from "./executor.ts";
import { settleAll } from "./inbox.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { Withdrawn } from "./remote-workers.ts";
import type { WorkElsewhere } from "./work-elsewhere.ts";

type RunnerPorts = Pick<
  PartitionPorts,
  "clock" | "pump" | "settings" | "logger" | "executor" | "newRun" | "newExecutionId"
>;

/**
 * Runs what an entity has to do, a batch at a time, and hands what it comes to to the commit pump.
 *
 * 1. One batch of an entity at a time; what comes meanwhile waits for the next.
 * 2. A message that does not have its turn yet stays in the store, and in the queue of the entity.
 */
export class EntityRunner {
  readonly #owned: OwnedPartition;
  readonly #ports: RunnerPorts;
  readonly #after: AfterEpisode;
  readonly #waiting: ActiveInstance[] = [];
  #running = 0;

  constructor(owned: OwnedPartition, ports: RunnerPorts, after: AfterEpisode) {
    this.#owned = owned;
    this.#ports = ports;
    this.#after = after;
  }

  run(instance: ActiveInstance, entity: ActiveEntity): void {
    if (this.#isFull && this.#runsHere(instance)) {
      instance.phase = "ready";
      this.#waiting.push(instance);
      return;
    }
    for (const message of instance.inbox.splice(0)) entity.queue.push(message);
    entity.isDue = false;
    if (entity.isUnborn) return this.#bear(instance, entity);
    const steps = this.#plan(entity);
    if (steps.length === 0) {
      entity.waiting = entity.queue.length;
      return this.#after.rest(instance);
    }
    instance.phase = "running";
    this.#contained(instance, entity, () => this.#execute(instance, entity, steps));
  }

  /** An entity whose batch cannot be made or written down is left alone; its neighbors go on. */
  #contained(instance: ActiveInstance, entity: ActiveEntity, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#after.unwritable(instance, entity.queue.splice(0), error);
    }
  }

  get #isFull(): boolean {
    return this.#running >= this.#ports.settings.maxConcurrentEntityFunctions;
  }

  #runsHere({ instanceId }: ActiveInstance): boolean {
    return this.#ports.executor.runsHere("entity", parseEntityId(instanceId)?.name ?? "");
  }

  #plan(entity: ActiveEntity): readonly EntityStep[] {
    const { maxEntityOperationBatchSize: maxOperations } = this.#ports.settings;
    return planSteps(entity.queue, entity.state.lock, { maxOperations, waiting: entity.waiting });
  }

  #execute(instance: ActiveInstance, entity: ActiveEntity, steps: readonly EntityStep[]): void {
    const running = this.#operate(instance, entity, steps);
    const result = isElsewhere(running) ? running.outcome : running;
    if (!(result instanceof Promise)) return this.#finish(instance, entity, steps, result);
    if (isElsewhere(running)) entity.withdraw = () => running.withdraw();
    const place = this.#runsHere(instance) ? 1 : 0;
    this.#running += place;
    void result
      .then(
        (value) => {
          entity.withdraw = undefined;
          if (!this.#after.tenure.over) {
            this.#contained(instance, entity, () => this.#finish(instance, entity, steps, value));
          }
          void this.#ports.pump.flush();
        },
        (error: unknown) => this.#abort(instance, entity, error),
      )
      .finally(() => this.#next(place));
  }

  #operate(instance: ActiveInstance, entity: ActiveEntity, steps: readonly EntityStep[]): RunningBatch {
    const { state } = entity.state;
    const operations = steps.flatMap(({ event }) => (isOperation(event) ? event : []));
    if (operations.length === 0) return { results: [], state, actions: [] };
    const { instanceId } = instance;
    const name = parseEntityId(instanceId) ?? { name: instanceId, key: "" };
    return this.#ports.executor.runEntity({ entity: name, instanceId, state, operations });
  }

  #finish(
    instance: ActiveInstance,
    entity: ActiveEntity,
    planned: readonly EntityStep[],
    batch: EntityBatchResult,
  ): void {
    const { clock, executor, newRun, newExecutionId, pump } = this.#ports;
    const steps = upTo(planned, batch.results.length);
    if (steps.length === 0) return this.#abort(instance, entity, new Error("The batch made no progress."));
    const name = parseEntityId(instance.instanceId)?.name ?? "";
    const isKnown = executor.hasEntity(name);
    const built = buildEntityEpisode({
      owned: this.#owned,
      instance,
      entity,
      steps,
      batch,
      at: clock.now(),
      isKnown,
      newRun,
      newId: newExecutionId,
    });
    instance.phase = "committing";
    entity.isDue = !isKnown || steps.length < planned.length || this.#isCut(planned);
    this.#logFailedSignals(instance, steps, batch);
    const done = new Set(steps.map(({ index }) => index));
    pump.add(built.episode, (outcome) => this.#committed(instance, entity, { built, done, outcome }));
  }

  /** Nobody waits for what became of a signal (S-158). */
  #logFailedSignals(
    { instanceId }: ActiveInstance,
    steps: readonly EntityStep[],
    { results }: EntityBatchResult,
  ): void {
    const operations = steps.flatMap(({ event }) => (isOperation(event) ? event : []));
    results.forEach((result, index) => {
      const asked = operations[index];
      if (result.type !== "failed" || asked === undefined || asked.caller) return;
      const { operation } = asked;
      const { failure } = result;
      this.#ports.logger.warn(
        { instanceId, operation, failure },
        "An operation that was signaled has failed",
      );
    });
  }

  #bear(instance: ActiveInstance, entity: ActiveEntity): void {
    const { clock, newRun, newExecutionId, pump } = this.#ports;
    const built = buildEntityEpisode({
      owned: this.#owned,
      instance,
      entity,
      steps: [],
      batch: { results: [], state: undefined, actions: [] },
      at: clock.now(),
      isBirth: true,
      isKnown: true,
      newRun,
      newId: newExecutionId,
    });
    entity.isUnborn = false;
    entity.isDue = true;
    instance.phase = "committing";
    pump.add(built.episode, (outcome) =>
      this.#committed(instance, entity, { built, done: new Set(), outcome }),
    );
  }

  /** There was no room for all that had its turn. */
  #isCut(planned: readonly EntityStep[]): boolean {
    const { maxEntityOperationBatchSize } = this.#ports.settings;
    return planned.filter(({ event }) => isOperation(event)).length >= maxEntityOperationBatchSize;
  }

  #committed(
    instance: ActiveInstance,
    entity: ActiveEntity,
    {
      built,
      done,
      outcome,
    }: {
      readonly built: BuiltEntityEpisode;
      readonly done: ReadonlySet<number>;
      readonly outcome: PumpOutcome;
    },
  ): void {
    if (outcome.type !== "applied" && outcome.type !== "already") {
      // Nobody else creates entities: whoever is there now was not known here.
      const other = outcome.type === "exists" ? ({ type: "conflict" } as const) : outcome;
      return this.#after.committed(instance, entity.queue.splice(0), built, other);
    }
    const taken: PendingMessage[] = [];
    const left: PendingMessage[] = [];
    entity.queue.forEach((message, index) => (done.has(index) ? taken : left).push(message));
    const isSameLock = entity.state.lock?.criticalSectionId === built.state.lock?.criticalSectionId;
    entity.waiting = isSameLock && built.state.lock && !entity.isDue ? left.length : 0;
    entity.queue = left;
    entity.state = built.state;
    if (!built.episode.removes) instance.run = built.episode.run;
    this.#after.committed(instance, taken, built, outcome);
  }

  /** The operations could not be run at all: nothing happened, try again. */
  #abort(instance: ActiveInstance, entity: ActiveEntity, error: unknown): void {
    const messages = entity.queue.splice(0);
    if (this.#after.tenure.over) return settleAll(messages, this.#after.tenure.over);
    if (!(error instanceof Withdrawn)) {
      this.#ports.logger.warn(
        { instanceId: instance.instanceId, err: error },
        "A batch of operations was aborted and will be run again",
      );
    }
    this.#after.reload(instance, messages);
  }

  /** A place is free. An entity that answers at once does not take it, and the next one has its turn too. */
  #next(place: number): void {
    this.#running -= place;
    while (!this.#after.tenure.over && !this.#isFull) {
      const instance = this.#waiting.shift();
      if (instance === undefined) break;
      if (instance.entity) this.run(instance, instance.entity);
    }
    void this.#ports.pump.flush();
  }
}

function isOperation(event: EntityStep["event"]): event is EntityOperation {
  return event?.type === "EntityOperation";
}

function isElsewhere(running: RunningBatch): running is WorkElsewhere<EntityBatchResult> {
  return "withdraw" in running;
}

/** The steps before the first operation that has not run. */
function upTo(steps: readonly EntityStep[], operations: number): readonly EntityStep[] {
  let seen = 0;
  const end = steps.findIndex(({ event }) => isOperation(event) && seen++ === operations);
  return end < 0 ? steps : steps.slice(0, end);
}
