import { type Disagreement, disagreementText } from "./errors.ts";

/** One thing an instance that has not ended waits for. Times are milliseconds since 1970. */
export type WaitingReason =
  | { readonly type: "start"; readonly scheduledAt?: number }
  | { readonly type: "suspended"; readonly since: number; readonly reason?: string }
  | { readonly type: "quarantined"; readonly reason: string }
  | { readonly type: "orchestrator-missing"; readonly name: string }
  /** Workers that connect run it, and none of those that are there does. */
  | { readonly type: "worker-missing"; readonly name: string; readonly version?: string }
  /** It has messages for an entity function that no worker which is connected has. */
  | { readonly type: "entity-worker-missing"; readonly name: string }
  /** Workers that have it have given it back so often, and none has done it. */
  | {
      readonly type: "given-back";
      readonly kind: "orchestrator" | "activity" | "entity";
      /** Of the function. */
      readonly name: string;
      readonly times: number;
      /** What was the matter the last time. */
      readonly why: string;
    }
  | {
      readonly type: "version-missing";
      readonly name: string;
      /** Of the instance. */
      readonly version?: string;
      /** Those a worker has, oldest first. */
      readonly versions: readonly string[];
    }
  /** Its code disagrees with its history (S-39): it goes on when the code has been mended. */
  | ({ readonly type: "blocked" } & Disagreement)
  | { readonly type: "messages"; readonly count: number }
  | {
      readonly type: "activity";
      readonly name: string;
      readonly taskId: number;
      readonly since: number;
      /** no-worker: none is connected that has it. unknown: the process that is asked does not run this instance. */
      readonly state: "running" | "queued" | "no-worker" | "unknown";
    }
  | {
      readonly type: "sub-orchestration";
      readonly name: string;
      readonly instanceId: string;
      readonly since: number;
    }
  | { readonly type: "timer"; readonly dueAt: number; readonly purpose: "timer" | "retry" | "event-timeout" }
  | {
      readonly type: "entity-call";
      /** The entity's. */
      readonly instanceId: string;
      readonly operation: string;
      readonly since: number;
    }
  | {
      readonly type: "lock";
      /** The entity that is not ours yet. */
      readonly instanceId: string;
      /** The orchestration that has locked it. */
      readonly heldBy?: string;
      /** How many locks are asked for before ours. */
      readonly ahead: number;
      readonly since: number;
    }
  /** It is an entity: it has no end. */
  | {
      readonly type: "entity";
      readonly lockedBy?: string;
      /** Orchestrations that have asked for its lock, in their order. */
      readonly lockQueue: readonly string[];
      /** Messages for it, lock requests among them. */
      readonly waiting: number;
    }
  | { readonly type: "event"; readonly names: readonly string[] }
  /** The function has returned; only what it did not wait for holds up its end (S-17). */
  | { readonly type: "returned"; readonly openTasks: number }
  | { readonly type: "next-episode" };

export interface WaitingExplanation {
  readonly instanceId: string;
  /** Most telling first; never empty. */
  readonly reasons: readonly WaitingReason[];
  /** The first reason in words. */
  readonly sentence: string;
}

export function explain(instanceId: string, reasons: readonly WaitingReason[]): WaitingExplanation {
  const found: readonly WaitingReason[] = reasons.length > 0 ? reasons : [{ type: "next-episode" }];
  const [first] = found;
  const others = found.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : "";
  return { instanceId, reasons: found, sentence: `${first ? sentenceOf(first) : ""}${more}.` };
}

function sentenceOf(reason: WaitingReason): string {
  switch (reason.type) {
    case "start":
      return reason.scheduledAt === undefined
        ? "It has not been started yet: no host has picked it up"
        : `It is scheduled to start at ${iso(reason.scheduledAt)}`;
    case "suspended":
      return `It is suspended since ${iso(reason.since)}${reason.reason ? `: ${reason.reason}` : ""}`;
    case "quarantined":
      return `It is in quarantine: ${reason.reason}`;
    case "orchestrator-missing":
      return `No worker has the orchestrator '${reason.name}'`;
    case "worker-missing": {
      const version = reason.version === undefined ? "" : ` in version '${reason.version}'`;
      return `No worker is connected that has the orchestrator '${reason.name}'${version}`;
    }
    case "entity-worker-missing":
      return `No worker is connected that has the entity '${reason.name}'`;
    case "given-back": {
      const times = reason.times === 1 ? "once" : `${reason.times} times`;
      return `Work of the ${reason.kind} '${reason.name}' was given back ${times}, the last time because ${withoutPeriod(reason.why)}`;
    }
    case "version-missing":
      return versionSentence(reason);
    case "blocked":
      return `It is blocked until its code is mended: ${withoutPeriod(disagreementText(reason))}`;
    case "messages":
      return `${reason.count} ${reason.count === 1 ? "message waits" : "messages wait"} for a host to pick them up`;
    case "activity":
      return activitySentence(reason);
    case "sub-orchestration":
      return `It waits for sub-orchestration '${reason.name}' (instance '${reason.instanceId}') since ${iso(reason.since)}`;
    case "timer":
      return timerSentence(reason);
    case "entity-call":
      return `It waits for operation '${reason.operation}' of entity '${reason.instanceId}' since ${iso(reason.since)}`;
    case "lock":
      return lockSentence(reason);
    case "entity":
      return entitySentence(reason);
    case "event":
      return reason.names.length === 0
        ? "It waits for an external event"
        : `It waits for external event ${reason.names.map((name) => `'${name}'`).join(", ")}`;
    case "returned":
      return reason.openTasks === 1
        ? "Its function has returned; it ends when the task it did not wait for has ended"
        : `Its function has returned; it ends when the ${reason.openTasks} tasks it did not wait for have ended`;
    case "next-episode":
      return "It is about to run its next episode";
  }
}

function versionSentence({ name, version, versions }: Extract<WaitingReason, { type: "version-missing" }>) {
  const wanted =
    version === undefined
      ? `No worker runs the orchestrator '${name}' without a version`
      : `No worker has version '${version}' of the orchestrator '${name}'`;
  return versions.length === 0
    ? wanted
    : `${wanted}; there is ${versions.map((each) => `'${each}'`).join(", ")}`;
}

const withoutPeriod = (text: string): string => text.replace(/\.$/, "");

function activitySentence(reason: Extract<WaitingReason, { type: "activity" }>): string {
  const doing = {
    running: "is running",
    queued: "waits for a free slot",
    "no-worker": "waits for a worker that has it",
    unknown: "is under way",
  }[reason.state];
  return `Activity '${reason.name}' ${doing} since ${iso(reason.since)}`;
}

function lockSentence({
  instanceId,
  heldBy,
  ahead,
  since,
}: Extract<WaitingReason, { type: "lock" }>): string {
  const holder = heldBy === undefined ? "" : `, which instance '${heldBy}' holds`;
  const queue = ahead === 0 ? "" : ` (${ahead} ${ahead === 1 ? "other waits" : "others wait"} before it)`;
  return `It waits for the lock of entity '${instanceId}'${holder}${queue} since ${iso(since)}`;
}

function entitySentence({ lockedBy, waiting }: Extract<WaitingReason, { type: "entity" }>): string {
  const queue = `${waiting} ${waiting === 1 ? "message waits" : "messages wait"} for it`;
  if (lockedBy !== undefined) return `It is an entity that instance '${lockedBy}' has locked; ${queue}`;
  return waiting === 0 ? "It is an entity: it waits for operations" : `It is an entity; ${queue}`;
}

function timerSentence(reason: Extract<WaitingReason, { type: "timer" }>): string {
  const purpose = {
    timer: "It waits for a timer due at",
    retry: "A failed call is tried again at",
    "event-timeout": "Its wait for an external event ends at",
  }[reason.purpose];
  return `${purpose} ${iso(reason.dueAt)}`;
}

/** Years a Date cannot hold are shown as the number they are. */
function iso(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
