import { toJsonText } from "../core/data-converter.ts";
import { dueAtOf, type EntityCaller } from "../core/entity-message.ts";
import { eventsOf } from "../core/episode-events.ts";
import type { Completion, ContinuedAsNew, EpisodeResult } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import { encodeChunk, encodeMessage } from "../core/history-chunk.ts";
import type {
  EventRaised,
  ExecutionStarted,
  ExecutionTerminated,
  InstanceMessage,
} from "../core/history-event.ts";
import type { CreateSubOrchestrationAction, ScheduleTaskAction } from "../core/orchestrator-action.ts";
import type {
  Episode,
  InstancePatch,
  NewInstance,
  NewMessage,
  NextRun,
  Timer,
  TimerKey,
} from "../storage/index.ts";
import { type ActiveInstance, type CommittedRow, nextStart, type PendingMessage } from "./active-instance.ts";
import { toEntities, unlocks } from "./messages-to-entities.ts";
import { childWithout, outcomeForParent } from "./task-outcomes.ts";

/** What happens once the episode is committed, and not before. */
export interface Effects {
  readonly activities: readonly ScheduleTaskAction[];
  readonly timersNew: readonly Timer[];
  readonly timersDone: readonly TimerKey[];
  readonly starts: readonly NewInstance[];
  readonly messages: readonly { readonly instanceId: string; readonly event: InstanceMessage }[];
  readonly row: CommittedRow;
  readonly completion: Completion | undefined;
  readonly nextExecution: NextExecution | undefined;
}

/** What follows a continue-as-new. */
export interface NextExecution {
  readonly nextRun: NextRun;
  readonly at: number;
  /** The events it begins with: they are in the history before the code has run. */
  readonly begins: readonly [ExecutionStarted, ...EventRaised[]];
}

export interface BuiltEpisode {
  readonly episode: Episode;
  readonly effects: Effects;
}

export interface EpisodeInput {
  readonly owned: { readonly partition: number; readonly epoch: number };
  readonly instance: ActiveInstance;
  readonly messages: readonly PendingMessage[];
  readonly result: EpisodeResult;
  /** The time of the episode, as its code has seen it. */
  readonly at: number;
  /** The code may have taken long. */
  readonly now: number;
  readonly newRun: () => number;
  readonly newExecutionId: () => string;
}

const NONE: readonly never[] = [];

/** Turns what the code came to into the one write that records it, and into what may follow from that. Decides, does nothing. */
export function buildEpisode(input: EpisodeInput): BuiltEpisode {
  const { owned, instance, messages, result, at } = input;
  const { partition, epoch } = owned;
  const { instanceId, run, creation } = instance;
  const effects = effectsOf(input);
  const patch = patchOf(instance, result, effects.row, at);
  const common = {
    partition,
    epoch,
    instanceId,
    run,
    consumed: consumedBy(messages),
    timersDone: effects.timersDone,
    timersNew: effects.timersNew,
    starts: effects.starts,
    messages:
      effects.messages.length === 0
        ? NONE
        : effects.messages.map(({ instanceId: to, event }) => newMessage(to, event, at)),
    ...(patch === undefined ? undefined : { patch }),
    ...(creation === undefined ? undefined : { create: creation }),
  };
  const next = effects.nextExecution;
  if (next === undefined) {
    const chunk = { seq: instance.nextSeq, at, ...encodeChunk(eventsOf(result, at), at, result.memo) };
    return { episode: { ...common, chunk }, effects };
  }
  const chunk = { seq: 0, at: next.at, ...encodeChunk(next.begins, next.at) };
  return { episode: { ...common, chunk, nextRun: next.nextRun }, effects };
}

/**
 * Continue-as-new: all that is left of the past is the input and the events that are carried over, which come before
 * any that are on their way (S-75 to S-78). Its clock has moved: code that continues as new until some time comes to an end,
 * and values made from the clock differ.
 */
function continueAsNew(input: EpisodeInput, next: ContinuedAsNew): NextExecution {
  const { instance } = input;
  const at = Math.max(input.now, input.at + 1);
  const nextRun = {
    run: input.newRun(),
    executionId: input.newExecutionId(),
    createdAt: at,
    input: next.input ?? null,
    ...(next.version === undefined ? {} : { version: next.version }),
  };
  if (instance.started === undefined)
    throw new Error(`'${instance.instanceId}' continues what has not begun.`);
  return { nextRun, at, begins: [nextStart(instance.started, nextRun, at), ...next.carriedOver] };
}

function consumedBy(messages: readonly PendingMessage[]): readonly number[] {
  let consumed: number[] | undefined;
  for (const { storedId } of messages) {
    if (storedId === undefined) continue;
    if (consumed === undefined) consumed = [storedId];
    else consumed.push(storedId);
  }
  return consumed ?? NONE;
}

function effectsOf(input: EpisodeInput): Effects {
  const { instance, result, messages, at } = input;
  const { completion, continuedAsNew } = result;
  const activities: ScheduleTaskAction[] = [];
  const timersNew: Timer[] = [];
  const starts: NewInstance[] = [];
  const outgoing: { instanceId: string; event: InstanceMessage }[] = [];
  const born = new Set<number>();
  const canceled =
    result.canceledTimers.length === 0 ? undefined : new Set(result.canceledTimers.map((timer) => timer.id));
  for (const action of result.actions) {
    switch (action.type) {
      case "ScheduleTask":
        activities.push(action);
        break;
      case "CreateTimer":
        if (canceled?.has(action.id)) born.add(action.id);
        else
          timersNew.push({
            run: instance.run,
            id: action.id,
            dueAt: action.fireAt,
            instanceId: instance.instanceId,
          });
        break;
      case "CreateSubOrchestration":
        if (action.refused) outgoing.push(toParent(instance, action, action.refused, at));
        else starts.push(childOf(input, action));
        break;
      case "SendEvent":
        outgoing.push({
          instanceId: action.instanceId,
          event: {
            type: "EventRaised",
            timestamp: at,
            name: action.name,
            ...(action.input === undefined ? {} : { input: action.input }),
          },
        });
        break;
      case "CallEntity":
      case "SignalEntity":
      case "RequestEntityLock":
      case "SendEntityUnlock":
        outgoing.push(...toEntities(action, callerOf(instance), at));
        break;
    }
  }
  for (const { instanceId, output, recurse } of result.terminations ?? NONE) {
    const more = given({ output, recurse: recurse ? (true as const) : undefined });
    outgoing.push({ instanceId, event: { type: "ExecutionTerminated", timestamp: at, ...more } });
  }
  if (completion) outgoing.push(...farewell(instance, result, completion, at));
  for (const section of result.toUnlock) outgoing.push(...unlocks(section, at));
  for (const unlock of result.lastUnlocks ?? NONE)
    outgoing.push(...toEntities(unlock, callerOf(instance), at));
  return {
    activities,
    timersNew,
    timersDone: timersDone(instance, messages, result, born),
    starts,
    messages: outgoing,
    row: rowAfter(instance, result),
    completion,
    nextExecution: continuedAsNew && continueAsNew(input, continuedAsNew),
  };
}

function timersDone(
  instance: ActiveInstance,
  messages: readonly PendingMessage[],
  result: EpisodeResult,
  born: ReadonlySet<number>,
): readonly TimerKey[] {
  const done: TimerKey[] = [];
  for (const message of messages) if (message.timer) done.push(message.timer);
  for (const { id, fireAt } of result.canceledTimers) {
    if (!born.has(id)) done.push({ run: instance.run, id, dueAt: fireAt });
  }
  for (const task of result.abandoned) {
    if (task.kind === "timer") done.push({ run: instance.run, id: task.id, dueAt: task.fireAt });
  }
  return done.length === 0 ? NONE : done;
}

function childOf(input: EpisodeInput, action: CreateSubOrchestrationAction): NewInstance {
  const { instance, at } = input;
  const { started } = instance;
  return {
    instanceId: action.instanceId,
    run: input.newRun(),
    executionId: input.newExecutionId(),
    name: action.name,
    createdAt: at,
    ...(action.version === undefined ? {} : { version: action.version }),
    ...(action.input === undefined ? {} : { input: action.input }),
    ...(action.tags === undefined ? {} : { tags: action.tags }),
    ...(action.traceContext === undefined ? {} : { traceContext: action.traceContext }),
    ...(action.fireAndForget || started === undefined
      ? {}
      : {
          parent: {
            instanceId: instance.instanceId,
            executionId: started.executionId,
            name: started.name,
            ...given({ version: started.version }),
            taskScheduledId: action.id,
          },
        }),
  };
}

/** A child that cannot be has failed: the parent is told as by any child. */
function toParent(
  { instanceId }: ActiveInstance,
  child: CreateSubOrchestrationAction,
  failure: FailureDetails,
  at: number,
): { readonly instanceId: string; readonly event: InstanceMessage } {
  return { instanceId, event: childWithout(child.instanceId, child.id, failure, at) };
}

/** What the end tells others: the parent its outcome, abandoned children that they are no longer wanted. */
function farewell(
  instance: ActiveInstance,
  result: EpisodeResult,
  completion: Completion,
  at: number,
): readonly { readonly instanceId: string; readonly event: InstanceMessage }[] {
  const parent = instance.started?.parent;
  const told: { instanceId: string; event: InstanceMessage }[] = [];
  if (parent) {
    told.push({
      instanceId: parent.instanceId,
      event: outcomeForParent(instance.instanceId, parent, completion, at),
    });
  }
  const end = endOfChildren(instance, result, completion, at);
  if (end === undefined) return told;
  for (const task of result.abandoned) {
    if (task.kind === "subOrchestration") told.push({ instanceId: task.instanceId, event: end });
  }
  return told;
}

/** What children hear that nobody waits for any more; they outlive a parent that was terminated alone. */
function endOfChildren(
  { instanceId: parentInstanceId }: ActiveInstance,
  { accepted }: EpisodeResult,
  { status }: Completion,
  timestamp: number,
): ExecutionTerminated | undefined {
  const type = "ExecutionTerminated";
  if (status !== "Terminated") {
    return { type, timestamp, reason: "The parent orchestration completed without it.", parentInstanceId };
  }
  const end = accepted.find((event) => event.type === type);
  return end?.recurse ? { ...end, timestamp, parentInstanceId } : undefined;
}

function callerOf({ instanceId, started }: ActiveInstance): EntityCaller {
  return { instanceId, executionId: started?.executionId ?? "" };
}

/** A child with an id of the caller's choosing may be refused: until its outcome is known, a new owner must look. */
function rowAfter(instance: ActiveInstance, result: EpisodeResult): CommittedRow {
  const { completion, continuedAsNew } = result;
  const session = instance.session;
  const customStatus = result.customStatus ? result.customStatus.text : instance.row.customStatus;
  if (completion) return { status: completion.status, recover: false, hasOutput: true, customStatus };
  if (continuedAsNew) return { status: "Running", recover: true, hasOutput: false, customStatus };
  const suspension = session?.suspension;
  const derived = `${instance.started?.executionId ?? ""}:`;
  const explicitChild = result.actions.some(
    (action) => action.type === "CreateSubOrchestration" && !action.instanceId.startsWith(derived),
  );
  return {
    status: suspension ? "Suspended" : "Running",
    recover: (session?.openTasks.activityCount ?? 0) > 0 || explicitChild,
    hasOutput: suspension !== undefined,
    customStatus,
  };
}

function patchOf(
  instance: ActiveInstance,
  result: EpisodeResult,
  after: CommittedRow,
  at: number,
): InstancePatch | undefined {
  const before = instance.row;
  const { completion, customStatus } = result;
  const suspension = instance.session?.suspension;
  const status = after.status === before.status ? undefined : after.status;
  const recover = after.recover === before.recover ? undefined : after.recover;
  const output = completion
    ? (completion.result ?? null)
    : status === "Suspended"
      ? (toJsonText(suspension?.reason, "The reason") ?? null)
      : before.hasOutput && !after.hasOutput
        ? null
        : undefined;
  const patch: { -readonly [K in keyof InstancePatch]: InstancePatch[K] } = {};
  if (status !== undefined) patch.status = status;
  if (before.status === "Pending" && instance.pinnedVersion) patch.version = instance.pinnedVersion;
  if (recover !== undefined) patch.recover = recover;
  if (output !== undefined) patch.output = output;
  if (customStatus) patch.customStatus = customStatus.text ?? null;
  if (completion?.failure) patch.failure = JSON.stringify(completion.failure);
  if (completion) patch.completedAt = at;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export function newMessage(instanceId: string, event: InstanceMessage, at: number): NewMessage {
  const dueAt = dueAtOf(event);
  return { instanceId, at, event: encodeMessage(event), ...(dueAt === undefined ? {} : { dueAt }) };
}
