import type { Termination } from "../core/episode-result.ts";
import { given } from "../core/given.ts";
import type { OrchestratorAction } from "../core/orchestrator-action.ts";
import { whyNoChild } from "../core/unusable-ids.ts";
import { type CompletionAction, decodeEnd, type End } from "./completion-codec.ts";
import { decodeEntityAction } from "./entity-action-codec.ts";
import { decodeEventToEntity } from "./events-to-entities.ts";
import type {
  CreateSubOrchestrationAction,
  CreateTimerAction,
  ScheduleTaskAction,
  SendEventAction,
  TerminateOrchestrationAction,
  OrchestratorAction as WireAction,
} from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError, requireText } from "./malformed-message-error.ts";
import { decodeTags } from "./tags-codec.ts";
import { decodeTimestamp } from "./timestamp-codec.ts";
import { decodeTraceContext } from "./trace-context-codec.ts";

/** What a worker asks for in one episode. */
export interface RequestedActions {
  /** In the order of their ids, which is that of the code; workers send them in any. */
  readonly actions: readonly OrchestratorAction[];
  readonly terminations: readonly Termination[];
  /** `undefined`: the orchestration goes on. */
  readonly end: End | undefined;
}

/** The episode that the actions come from. */
export interface ActingEpisode {
  readonly instanceId: string;
  /** Its time, which carried over events get that have none. */
  readonly timestamp: number;
}

type ActionType = WireAction["orchestratorActionType"];
type PlainAction = Exclude<
  ActionType,
  { case: "completeOrchestration" } | { case: "terminateOrchestration" } | { case: "rewindOrchestration" }
>;

/** @throws {MalformedMessageError} */
export function decodeActions(received: readonly WireAction[], episode: ActingEpisode): RequestedActions {
  const actions: OrchestratorAction[] = [];
  const terminations: Termination[] = [];
  const ends: CompletionAction[] = [];
  for (const { id, orchestratorActionType: action } of received) {
    if (action.case === "completeOrchestration") ends.push({ id, completion: action.value });
    else if (action.case === "terminateOrchestration") terminations.push(decodeTermination(id, action.value));
    else if (action.case === "rewindOrchestration") throw unaskedRewind(id);
    else actions.push(decodeAction(id, action, episode));
  }
  if (ends.length > 1)
    throw new MalformedMessageError("There is more than one completeOrchestration action.");
  checkIds(actions);
  const [end] = ends;
  return {
    actions: actions.toSorted((a, b) => a.id - b.id),
    terminations,
    end: end && decodeEnd(end, episode.timestamp),
  };
}

/** By its id a result finds the action that waits for it. Nothing waits for the other kinds, whose ids may be any. */
function checkIds(actions: readonly OrchestratorAction[]): void {
  const taken = new Set<number>();
  for (const { type, id } of actions) {
    if (type !== "ScheduleTask" && type !== "CreateTimer" && type !== "CreateSubOrchestration") continue;
    if (id < 0) throw new MalformedMessageError(`The id of a ${type} action is ${id}, below 0.`);
    if (taken.has(id)) throw new MalformedMessageError(`More than one action has the id ${id}.`);
    taken.add(id);
  }
}

function decodeAction(id: number, action: PlainAction, { instanceId }: ActingEpisode): OrchestratorAction {
  if (action.case === undefined) throw new MalformedMessageError(`The kind of action ${id} is missing.`);
  switch (action.case) {
    case "scheduleTask":
      return decodeScheduleTask(id, action.value);
    case "createTimer":
      return decodeTimer(id, action.value);
    case "createSubOrchestration":
      return decodeChild(id, action.value, instanceId);
    case "sendEvent":
      return decodeSendEvent(id, action.value);
    case "sendEntityMessage":
      return decodeEntityAction(id, action.value.EntityMessageType);
  }
}

function decodeScheduleTask(id: number, action: ScheduleTaskAction): OrchestratorAction {
  return {
    type: "ScheduleTask",
    id,
    name: action.name,
    input: action.input,
    retryOf: undefined,
    ...given({
      version: action.version,
      tags: decodeTags(action.tags),
      traceContext: decodeTraceContext(action.parentTraceContext),
    }),
  };
}

function decodeTimer(id: number, { fireAt }: CreateTimerAction): OrchestratorAction {
  if (fireAt === undefined)
    throw new MalformedMessageError(`fireAt of the createTimer action ${id} is missing.`);
  return {
    type: "CreateTimer",
    id,
    fireAt: decodeTimestamp(fireAt),
    retryOf: undefined,
    timeoutOf: undefined,
  };
}

function decodeChild(id: number, action: CreateSubOrchestrationAction, parentId: string): OrchestratorAction {
  const instanceId = action.instanceId === "" ? `${parentId}:${fourHexDigits(id)}` : action.instanceId;
  return {
    type: "CreateSubOrchestration",
    id,
    instanceId,
    name: action.name,
    version: action.version,
    input: action.input,
    retryOf: undefined,
    fireAndForget: false,
    ...given({
      refused: whyNoChild(instanceId, parentId),
      tags: decodeTags(action.tags),
      traceContext: decodeTraceContext(action.parentTraceContext),
    }),
  };
}

function decodeSendEvent(id: number, { instance, name, data }: SendEventAction): OrchestratorAction {
  const instanceId = requireText(instance?.instanceId, `The instance of the sendEvent action ${id}`);
  if (instanceId.startsWith("@")) return decodeEventToEntity({ id, instanceId, name, data });
  return { type: "SendEvent", id, instanceId, name, input: data };
}

function decodeTermination(id: number, action: TerminateOrchestrationAction): Termination {
  const instanceId = requireText(
    action.instanceId,
    `The instance of the terminateOrchestration action ${id}`,
  );
  return { instanceId, output: action.reason, recurse: action.recurse };
}

/** Rewinding is done before a worker sees the history. */
function unaskedRewind(id: number): MalformedMessageError {
  return new MalformedMessageError(`Action ${id} rewinds the orchestration, which no worker is asked to do.`);
}

function fourHexDigits(id: number): string {
  return id.toString(16).padStart(4, "0");
}
