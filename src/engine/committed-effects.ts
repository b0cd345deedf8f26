import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import type { ParentInstance } from "../core/history-event.ts";
import type { TrackedActivity, TrackedSubOrchestration } from "../core/open-tasks.ts";
import type { ActiveInstance, PendingMessage } from "./active-instance.ts";
import type { StoreOutcome } from "./commit-pump.ts";
import type { Effects } from "./episode-builder.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { untilAnswered } from "./store-retry.ts";
import {
  activityOf,
  type ChildOutcome,
  childOutcomeOf,
  childWithout,
  idIsTaken,
  outcomeOfActivity,
  wasPurged,
} from "./task-outcomes.ts";
import type { Tenure } from "./tenure.ts";
import type { TimerQueue } from "./timer-queue.ts";

const NONE: ReadonlySet<number> = new Set();

export type Written = Extract<StoreOutcome, { type: "applied" | "already" }>;

type AskedChild = Pick<TrackedSubOrchestration, "id" | "instanceId">;

type AskedActivity = Pick<TrackedActivity, "id" | "name" | "input" | "version" | "tags" | "traceContext">;

/** Whom the activities belong to, and who hears of what they come to. */
export interface EffectsOwner {
  readonly timers: TimerQueue;
  readonly tenure: Readonly<Tenure>;
  deliver(instanceId: string, message: PendingMessage): void;
}

/** Does what commits have made due: starts activities and children, sets timers, sends messages. */
export class CommittedEffects {
  readonly #ports: PartitionPorts;
  readonly #owner: EffectsOwner;

  constructor(ports: PartitionPorts, owner: EffectsOwner) {
    this.#ports = ports;
    this.#owner = owner;
  }

  release(instance: ActiveInstance, effects: Effects, outcome: Written): void {
    const { timers } = this.#owner;
    for (const action of effects.activities) this.#startActivity(instance, action);
    for (const timer of effects.timersNew) timers.add(timer);
    for (const timer of effects.timersDone) timers.cancel(timer.run, timer.id);
    for (const start of effects.starts) {
      const { run, parent, instanceId } = start;
      const refusal = outcome.refusedStarts?.find((each) => each.run === run);
      if (refusal === undefined) this.#ports.started(start);
      else if (parent)
        this.#childFailed(instance, { id: parent.taskScheduledId, instanceId }, idIsTaken(refusal.status));
    }
    this.send(effects.messages, outcome);
  }

  send(messages: Effects["messages"], outcome: Written): void {
    messages.forEach(({ instanceId, event }, index) => {
      if (outcome.isLate) return this.#ports.left(instanceId);
      this.#ports.sent(instanceId, { event, storedId: outcome.messageIds[index] as number });
    });
  }

  /** What activities come to is of no use here any more. */
  abortAll(reason: string): void {
    this.#ports.activities.abortAll(this.#owner, reason);
  }

  /** Activities that only the history knows about run again; children nobody made are reported as failed (S-112). */
  async restartWork(instance: ActiveInstance): Promise<void> {
    instance.recovering = false;
    const done = await this.#outcomesInStore(instance);
    for (const task of Array.from(instance.session?.openTasks.values() ?? [])) {
      if (this.#owner.tenure.over) return;
      if (task.claimed || done.has(task.id) || instance.session?.isPending(task.id)) continue;
      if (task.kind === "timer" && instance.hasRested) this.#setTimer(instance, task.id, task.fireAt);
      if (task.kind === "activity") this.#startActivity(instance, task);
      if (task.kind === "subOrchestration") await this.#lookAfterChild(instance, task);
    }
  }

  /** One that came due while the instance had to rest was handed out in vain. */
  #setTimer({ instanceId, run }: ActiveInstance, id: number, dueAt: number): void {
    this.#owner.timers.add({ run, id, dueAt, instanceId });
  }

  /** Activities whose results came while the instance could not take them. */
  async #outcomesInStore(instance: ActiveInstance): Promise<ReadonlySet<number>> {
    if ((instance.session?.openTasks.activityCount ?? 0) === 0) return NONE;
    const { query } = this.#ports;
    const messages = await untilAnswered(() => query.messages(instance.instanceId), this.#ports);
    return new Set(messages.flatMap(activityOf));
  }

  /** A child that is gone has left its outcome; one that is not ours, a former generation's or that of another task, was refused. */
  async #lookAfterChild(instance: ActiveInstance, task: AskedChild): Promise<void> {
    const { query } = this.#ports;
    const child = await untilAnswered(() => query.get(task.instanceId), this.#ports);
    if (child?.parent && isChildOf(instance, task, child.parent)) return;
    const messages = await untilAnswered(() => query.messages(instance.instanceId), this.#ports);
    const outcomes = messages.flatMap((message) => childOutcomeOf(message) ?? []);
    if (outcomes.some((told) => isOutcomeFor(instance, task, told))) return;
    this.#childFailed(instance, task, child ? idIsTaken(child.status) : wasPurged(task.instanceId));
  }

  #startActivity(instance: ActiveInstance, asked: AskedActivity): void {
    const { instanceId, run, started } = instance;
    const { id: taskId, name, input, tags, traceContext } = asked;
    const executionId = started?.executionId ?? "";
    const more = given({ version: asked.version ?? started?.version, tags, traceContext });
    const beforeStart = instance.suspicion && (() => this.#countAgain(instance));
    const owner = this.#owner;
    const call = { instanceId, executionId, run, taskId, name, input, owner, beforeStart, ...more };
    this.#ports.activities.start(call, (outcome) => {
      const event = outcomeOfActivity(taskId, outcome, this.#ports.clock.now());
      this.#owner.deliver(instanceId, { run, event });
    });
  }

  /** An activity has its turn after all, of an instance that was acquitted while it had none. */
  #countAgain(instance: ActiveInstance): Promise<void> | undefined {
    if (instance.suspicion !== "acquitted") return undefined;
    instance.suspicion = "counted";
    return this.#ports.suspect(instance.instanceId);
  }

  #childFailed(instance: ActiveInstance, { id, instanceId }: AskedChild, failure: FailureDetails): void {
    const event = childWithout(instanceId, id, failure, this.#ports.clock.now());
    this.#owner.deliver(instance.instanceId, { run: instance.run, event });
  }
}

/** A rewind may have changed the execution and the numbers of its tasks; the child keeps those it was begun with. */
function isChildOf(instance: ActiveInstance, { id }: AskedChild, parent: ParentInstance): boolean {
  if (parent.instanceId !== instance.instanceId) return false;
  if (parent.executionId === instance.started?.executionId) return parent.taskScheduledId === id;
  return goesOnFor(instance, parent.executionId);
}

function isOutcomeFor(instance: ActiveInstance, { id }: AskedChild, told: ChildOutcome): boolean {
  const task = instance.session?.openTasks.childOf(told.instanceId, told.taskScheduledId);
  return task?.id === id && goesOnFor(instance, told.forExecution);
}

const goesOnFor = ({ session }: ActiveInstance, executionId: string | undefined): boolean =>
  session?.goesOnFor(executionId) ?? true;
