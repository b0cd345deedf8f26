import type { EntityBatchAction, EntityBatchResult, EntityOperationResult } from "../core/entity-batch.ts";
import { parseEntityId } from "../core/entity-id.ts";
import type { EntityCaller, EntityLock, EntityMessage, EntityOperation } from "../core/entity-message.ts";
import type { EntityStep } from "../core/entity-plan.ts";
import { type EntityState, encodeEntity, entityStatus } from "../core/entity-state.ts";
import { describeFailure } from "../core/failure-details.ts";
import { encodeChunk } from "../core/history-chunk.ts";
import type { InstanceMessage } from "../core/history-event.ts";
import { entityNotFound } from "../core/programming-errors.ts";
import type { Episode, InstancePatch, NewInstance } from "../storage/index.ts";
import { type ActiveEntity, type ActiveInstance, startedEvent } from "./active-instance.ts";
import { type BuiltEpisode, newMessage } from "./episode-builder.ts";

export interface EntityEpisodeInput {
  readonly owned: { readonly partition: number; readonly epoch: number };
  readonly instance: ActiveInstance;
  readonly entity: ActiveEntity;
  /** Those that have had their turn. */
  readonly steps: readonly EntityStep[];
  readonly batch: EntityBatchResult;
  readonly at: number;
  /** It gets its row before it has done anything. */
  readonly isBirth?: boolean;
  /** Whether there is an entity function of this name. */
  readonly isKnown: boolean;
  readonly newRun: () => number;
  readonly newId: () => string;
}

export interface BuiltEntityEpisode extends BuiltEpisode {
  readonly state: EntityState;
}

interface Outgoing {
  readonly instanceId: string;
  readonly event: InstanceMessage;
}

const NONE: readonly never[] = [];

/** The one write that a batch of an entity comes to, and what follows from it. Decides, does nothing. */
export function buildEntityEpisode(input: EntityEpisodeInput): BuiltEntityEpisode {
  const { owned, instance, entity, steps, batch, at } = input;
  const state: EntityState = { state: batch.state, lock: input.isKnown ? steps.at(-1)?.lock : undefined };
  const told = [...answers(input), ...signals(batch.actions, input)];
  const starts = batch.actions.flatMap((action) => startOf(action, input));
  const consumed = steps.flatMap(({ index }) => entity.queue[index]?.storedId ?? NONE);
  const queueSize = entity.queue.length - steps.length;
  const isQuiet = told.length + starts.length === 0;
  const isEmpty = !input.isBirth && queueSize === 0 && hasNothing(state);
  const messages = isEmpty && !isQuiet ? [...told, cleanUp(instance, at)] : told;
  const customStatus = entityStatus(state, queueSize);
  const common = {
    partition: owned.partition,
    epoch: owned.epoch,
    instanceId: instance.instanceId,
    run: instance.run,
    consumed,
    timersNew: NONE,
    timersDone: NONE,
    messages: messages.map((message) => newMessage(message.instanceId, message.event, at)),
    starts,
  };
  const effects = {
    activities: NONE,
    timersNew: NONE,
    timersDone: NONE,
    starts,
    messages,
    row: { ...instance.row, status: "Running" as const, customStatus },
    completion: undefined,
    nextExecution: undefined,
  };
  const chunkOf = (instanceOfIt: NewInstance): Episode["chunk"] => ({
    seq: instance.nextSeq,
    at,
    ...encodeChunk([startedEvent(instanceOfIt)], at),
  });
  const known = entityInstance(input);
  if (isEmpty && isQuiet && consumed.length > 0) {
    return { state, effects, episode: { ...common, chunk: chunkOf(known), removes: true } };
  }
  const isNew = instance.run === 0;
  const patch = patchOf(entity.state, state, { isNew, customStatus, before: instance.row.customStatus });
  return {
    state,
    effects,
    episode: {
      ...common,
      run: known.run,
      chunk: chunkOf(known),
      snapshot: true,
      ...(patch === undefined ? {} : { patch }),
      ...(isNew ? { create: { instance: known, replaces: NONE } } : {}),
    },
  };
}

function entityInstance({ instance, at, newRun, newId }: EntityEpisodeInput): NewInstance {
  const { instanceId, started } = instance;
  return {
    instanceId,
    run: instance.run === 0 ? newRun() : instance.run,
    executionId: started?.executionId ?? newId(),
    name: parseEntityId(instanceId)?.name ?? "",
    createdAt: started?.timestamp ?? at,
  };
}

const hasNothing = ({ state, lock }: EntityState): boolean => state === undefined && lock === undefined;

/** What removes an entity sends nothing: one that has something to send goes with its next message, which this is (S-160). */
function cleanUp({ instanceId }: ActiveInstance, timestamp: number): Outgoing {
  return { instanceId, event: { type: "EntityCleanUp", timestamp } };
}

function patchOf(
  before: EntityState,
  after: EntityState,
  status: { readonly isNew: boolean; readonly customStatus: string; readonly before: string | undefined },
): InstancePatch | undefined {
  const isSame =
    before.state === after.state && before.lock?.criticalSectionId === after.lock?.criticalSectionId;
  const patch: { -readonly [K in keyof InstancePatch]: InstancePatch[K] } = {};
  if (status.isNew) patch.status = "Running";
  if (status.isNew || !isSame) patch.input = encodeEntity(after);
  if (status.customStatus !== status.before) patch.customStatus = status.customStatus;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** What callers and those who want the lock are told, and where requests and their ends are passed on to. */
function answers({ instance, steps, batch, at, isKnown }: EntityEpisodeInput): readonly Outgoing[] {
  const told: Outgoing[] = [];
  let next = 0;
  for (const step of steps) {
    const { event } = step;
    switch (event?.type) {
      case "EntityOperation": {
        const result = batch.results[next++];
        if (event.caller && result) told.push(answerTo(event, event.caller, result, at));
        break;
      }
      case "EntityLock":
        if (step.lock?.criticalSectionId !== event.criticalSectionId) break;
        told.push(isKnown ? passedOn(event, at) : refusalOf(event, instance.instanceId, at));
        break;
      case "EntityUnlock": {
        const [following, ...rest] = event.rest ?? NONE;
        if (step.releases && following !== undefined) {
          told.push({ instanceId: following, event: { ...event, timestamp: at, rest } });
        }
        break;
      }
      default:
        break;
    }
  }
  return told;
}

function answerTo(
  { requestId }: EntityOperation,
  { instanceId, executionId: forExecution }: EntityCaller,
  result: EntityOperationResult,
  timestamp: number,
): Outgoing {
  const told = { timestamp, requestId, forExecution };
  if (result.type === "failed") {
    return { instanceId, event: { type: "EntityOperationFailed", ...told, failure: result.failure } };
  }
  const value = result.result === undefined ? {} : { result: result.result };
  return { instanceId, event: { type: "EntityOperationCompleted", ...told, ...value } };
}

/** To the next of the lock set; the last one tells the holder (S-167). */
function passedOn(event: EntityLock, timestamp: number): Outgoing {
  const { criticalSectionId, lockSet, position, holder } = event;
  const next = lockSet[position + 1];
  if (next !== undefined) {
    return { instanceId: next, event: { ...event, timestamp, position: position + 1 } };
  }
  return {
    instanceId: holder.instanceId,
    event: { type: "EntityLockGranted", timestamp, criticalSectionId, forExecution: holder.executionId },
  };
}

/** Nobody has the function: the holder learns that, and lets go of what it has locked so far (S-170). */
function refusalOf(
  { criticalSectionId: requestId, holder }: EntityLock,
  entityId: string,
  timestamp: number,
): Outgoing {
  const failure = describeFailure(entityNotFound(parseEntityId(entityId)?.name ?? entityId, []));
  const { instanceId, executionId: forExecution } = holder;
  return {
    instanceId,
    event: { type: "EntityOperationFailed", timestamp, requestId, forExecution, failure },
  };
}

function signals(
  actions: readonly EntityBatchAction[],
  { at, newId }: EntityEpisodeInput,
): readonly Outgoing[] {
  return actions.flatMap((action) => {
    if (action.type !== "signalEntity") return NONE;
    const { instanceId, operation, input, scheduledTime } = action;
    const event: EntityMessage = {
      type: "EntityOperation",
      timestamp: at,
      requestId: newId(),
      operation,
      ...(input === undefined ? {} : { input }),
      ...(scheduledTime === undefined ? {} : { scheduledTime }),
    };
    return { instanceId, event };
  });
}

function startOf(
  action: EntityBatchAction,
  { at, newRun, newId }: EntityEpisodeInput,
): readonly NewInstance[] {
  if (action.type !== "startOrchestration") return NONE;
  const { name, input, version, scheduledAt, traceContext } = action;
  return [
    {
      instanceId: action.instanceId ?? newId(),
      run: newRun(),
      executionId: newId(),
      name,
      createdAt: at,
      ...(input === undefined ? {} : { input }),
      ...(version === undefined ? {} : { version }),
      ...(scheduledAt === undefined ? {} : { scheduledAt }),
      ...(traceContext === undefined ? {} : { traceContext }),
    },
  ];
}
