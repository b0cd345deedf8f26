import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type HistoryEvent,
  OrchestrationStatus,
  type OrchestratorActionSchema,
  type SendEntityMessageActionSchema,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import {
  type Asked,
  type CoreEvent,
  type EntityMessages,
  need,
  operationEventName,
  type Time,
} from "./dotnet-history.ts";

export type Action = MessageInitShape<typeof OrchestratorActionSchema>;
type ActionType = NonNullable<Action["orchestratorActionType"]>;
type EntityMessage = NonNullable<MessageInitShape<typeof SendEntityMessageActionSchema>["EntityMessageType"]>;

/** What code waits for. */
export interface Awaited {
  readonly isDone: boolean;
  take(): unknown;
}

/** What waits for nothing begins with `yield* []`. */
type Steps = Generator<Awaited, unknown, unknown>;

export type Code = (context: DotnetOrchestration, input: unknown) => Steps;

class Task implements Awaited {
  isDone = false;
  #take: () => unknown = () => undefined;

  settle(take: () => unknown): void {
    this.isDone = true;
    this.#take = take;
  }

  take(): unknown {
    return this.#take();
  }
}

interface Pending {
  readonly asked: Asked | "end";
  readonly name: string | undefined;
  readonly action: Action;
}

interface EntityAnswer {
  readonly result?: string | null;
  readonly exceptionType?: string;
  readonly failureDetails?: { readonly ErrorType: string; readonly ErrorMessage: string };
}

interface Sequel {
  readonly input: unknown;
  readonly version: string | undefined;
  readonly keepsEvents: boolean;
}

/** Runs code over a history as DurableTask.Core does, which fails code that its history disagrees with. */
export class DotnetOrchestration {
  customStatus: string | undefined;
  readonly #code: Code;
  readonly #entities: EntityMessages;
  readonly #pending = new Map<number, Pending>();
  readonly #open = new Map<number, Task>();
  readonly #waiters = new Map<string, Task[]>();
  readonly #buffered: [name: string, input: string | undefined][] = [];
  readonly #carriedOver: { name: string; input: string | undefined }[] = [];
  #heldBack: CoreEvent[] | undefined;
  #setAside: [number, Pending][] = [];
  #run: Steps | undefined;
  #awaited: Awaited | undefined;
  #outcome: (() => unknown) | undefined;
  #sequel: Sequel | undefined;
  #started: HistoryEvent | undefined;
  #time: Timestamp | undefined;
  #nextId = 0;
  #guids = 0;
  #isOver = false;

  constructor(code: Code, entities: EntityMessages) {
    this.#code = code;
    this.#entities = entities;
  }

  /** The actions it comes to, by their ids. */
  execute(events: readonly CoreEvent[]): Action[] {
    try {
      for (const event of events) this.#process(event);
      if (this.#open.size === 0 && this.#outcome) this.#end(this.#outcome);
    } catch (error) {
      this.#end(() => {
        throw error;
      });
    }
    const byId = [...this.#pending].toSorted(([a], [b]) => a - b);
    return byId.map(([, { action }]) => action);
  }

  // --- what its code does ---

  get instanceId(): string {
    return need(this.#execution.orchestrationInstance, "instance").instanceId;
  }

  get version(): string | undefined {
    return this.#execution.version;
  }

  /** Milliseconds since 1970. */
  get now(): number {
    const { seconds, nanos } = need(this.#time, "time");
    return Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
  }

  newGuid(): string {
    const { seconds, nanos } = need(this.#time, "time");
    const name = `${this.instanceId}_${seconds}.${nanos}_${this.#guids++}`;
    const hex = createHash("sha1").update(name).digest("hex");
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `5${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20, 32),
    ].join("-");
  }

  callActivity(name: string, input?: unknown, version: string | undefined = this.version): Awaited {
    const value = { name, input: JSON.stringify([input]), ...(version === undefined ? {} : { version }) };
    return this.#ask("activity", name, { case: "scheduleTask", value });
  }

  callSubOrchestrator(
    name: string,
    input?: unknown,
    instanceId = this.newGuid().replaceAll("-", ""),
  ): Awaited {
    const value = { name, input: JSON.stringify(input), instanceId, version: "" };
    return this.#ask("child", name, { case: "createSubOrchestration", value });
  }

  createTimer(time: number): Awaited {
    const fireAt = { seconds: BigInt(Math.floor(time / 1_000)), nanos: (time % 1_000) * 1_000_000 };
    return this.#ask("timer", undefined, { case: "createTimer", value: { fireAt } });
  }

  waitForEvent(name: string): Awaited {
    const task = new Task();
    const key = name.toLowerCase();
    this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), task]);
    const at = this.#buffered.findIndex(([each]) => each.toLowerCase() === key);
    const [found] = at < 0 ? [] : this.#buffered.splice(at, 1);
    if (found) this.#raise(...found);
    return task;
  }

  sendEvent(instanceId: string, name: string, data: string): void {
    this.#ask("event", name, { case: "sendEvent", value: { instance: { instanceId }, name, data } });
  }

  continueAsNew(
    input: unknown,
    { version, keepsEvents = true }: { version?: string; keepsEvents?: boolean } = {},
  ) {
    this.#sequel = { input, version, keepsEvents };
    if (!keepsEvents) return;
    for (const [name, data] of this.#buffered.splice(0))
      this.sendEvent(this.instanceId, name, data ?? "null");
  }

  callEntity(targetInstanceId: string, operation: string, input?: unknown): Awaited {
    const requestId = this.newGuid();
    const value = {
      requestId,
      targetInstanceId,
      operation,
      parentInstanceId: this.instanceId,
      ...given(input),
    };
    this.#askEntity("op", { case: "entityOperationCalled", value });
    return this.#entityAnswer(requestId);
  }

  signalEntity(targetInstanceId: string, operation: string, input?: unknown, scheduledTime?: Time): void {
    const requestId = this.newGuid();
    const when = scheduledTime ? { scheduledTime } : {};
    const value = { requestId, targetInstanceId, operation, ...given(input), ...when };
    this.#askEntity(operationEventName(scheduledTime), { case: "entityOperationSignaled", value });
  }

  /** Comes to the id of the critical section. */
  lockEntities(...lockSet: string[]): Awaited {
    const criticalSectionId = this.newGuid();
    const value = { criticalSectionId, lockSet: lockSet.toSorted(), parentInstanceId: this.instanceId };
    this.#askEntity("op", { case: "entityLockRequested", value });
    const granted = this.#entityAnswer(criticalSectionId);
    return {
      get isDone() {
        return granted.isDone;
      },
      take: () => criticalSectionId,
    };
  }

  unlockEntity(criticalSectionId: string, targetInstanceId: string): void {
    const value = { criticalSectionId, targetInstanceId, parentInstanceId: this.instanceId };
    this.#askEntity("release", { case: "entityUnlockSent", value });
  }

  whenAll(tasks: readonly Awaited[]): Awaited {
    return {
      get isDone() {
        return tasks.every((task) => task.isDone);
      },
      take: () => tasks.map((task) => task.take()),
    };
  }

  whenAny(tasks: readonly Awaited[]): Awaited {
    return {
      get isDone() {
        return tasks.some((task) => task.isDone);
      },
      take: () => tasks.findIndex((task) => task.isDone),
    };
  }

  // --- how it comes to be done ---

  get #execution() {
    const { eventType: kind } = need(this.#started, "ExecutionStarted");
    if (kind.case !== "executionStarted") throw new TypeError("ExecutionStarted");
    return kind.value;
  }

  #entityAnswer(requestId: string): Awaited {
    const answer = this.waitForEvent(requestId);
    return {
      get isDone() {
        return answer.isDone;
      },
      take: () => {
        const { result, exceptionType, failureDetails } = answer.take() as EntityAnswer;
        if (exceptionType) {
          const { ErrorType, ErrorMessage } = need(failureDetails, "FailureDetails");
          throw new Error(`EntityOperationFailedException: ${ErrorType}: ${ErrorMessage}`);
        }
        return result === undefined || result === null ? undefined : JSON.parse(result);
      },
    };
  }

  /** As a message, or as an event with the same in JSON. */
  #askEntity(name: string, message: EntityMessage): void {
    if (this.#entities === "messages") {
      this.#ask("event", name, { case: "sendEntityMessage", value: { EntityMessageType: message } });
    } else {
      const { instanceId, data } = asEvent(name, message);
      this.#ask("event", name, { case: "sendEvent", value: { instance: { instanceId }, name, data } });
    }
  }

  #ask(asked: Asked, name: string | undefined, orchestratorActionType: ActionType): Task {
    const id = this.#nextId++;
    this.#pending.set(id, { asked, name, action: { id, orchestratorActionType } });
    const task = new Task();
    if (asked !== "event") this.#open.set(id, task);
    return task;
  }

  #process(event: CoreEvent): void {
    if (event.type === "turn") {
      this.#time = event.time;
      return;
    }
    if (this.#heldBack && event.type !== "resumed" && event.type !== "terminated") {
      if (event.type !== "suspended") this.#heldBack.push(event);
      return;
    }
    switch (event.type) {
      case "started":
        return this.#start(event.event);
      case "confirmed":
        return this.#confirm(event);
      case "answered":
        return this.#settle(event.id, () =>
          event.result === undefined ? undefined : JSON.parse(event.result),
        );
      case "failed":
        return this.#settle(event.id, () => {
          const { errorType, errorMessage } = event.failure;
          throw new Error(`TaskFailedException: ${errorType}: ${errorMessage}`);
        });
      case "raised":
        if (this.#sequel) this.#carriedOver.push(event);
        else this.#raise(event.name, event.input);
        return;
      case "terminated":
        return this.#complete(OrchestrationStatus.TERMINATED, event.output);
      case "suspended":
        this.#heldBack = [];
        this.#setAside = [...this.#pending];
        this.#pending.clear();
        return;
      case "resumed": {
        const held = this.#heldBack ?? [];
        this.#heldBack = undefined;
        for (const [id, pending] of this.#setAside.splice(0)) this.#pending.set(id, pending);
        for (const each of held) this.#process(each);
        return;
      }
      case "passedOver":
        return;
    }
  }

  #start(event: HistoryEvent): void {
    if (this.#started) throw new Error("Multiple ExecutionStarted events found.");
    this.#started = event;
    const { input } = this.#execution;
    this.#run = this.#code(this, input === undefined ? undefined : JSON.parse(input));
    this.#step((steps) => steps.next());
    this.#goOn();
  }

  #confirm({ asked, id, name }: Extract<CoreEvent, { readonly type: "confirmed" }>): void {
    const pending = this.#pending.get(id);
    const isSame = pending?.asked === asked && pending.name?.toLowerCase() === name?.toLowerCase();
    if (!isSame) {
      const now = pending ? `${pending.asked} ${pending.name}` : "nothing";
      throw new Error(`NonDeterministicOrchestrationException: ${asked} ${name} (${id}), and now ${now}`);
    }
    this.#pending.delete(id);
  }

  #settle(id: number, take: () => unknown): void {
    this.#open.get(id)?.settle(take);
    this.#open.delete(id);
    this.#goOn();
  }

  #raise(name: string, input: string | undefined): void {
    const waiter = this.#waiters.get(name.toLowerCase())?.pop();
    if (waiter === undefined) {
      this.#buffered.push([name, input]);
      return;
    }
    waiter.settle(() => (input === undefined ? undefined : JSON.parse(input)));
    this.#goOn();
  }

  #goOn(): void {
    while (this.#run && this.#awaited?.isDone) {
      const done = this.#awaited;
      this.#awaited = undefined;
      this.#step((run) => {
        let value: unknown;
        try {
          value = done.take();
        } catch (error) {
          return run.throw(error);
        }
        return run.next(value);
      });
    }
  }

  #step(advance: (run: Steps) => IteratorResult<Awaited, unknown>): void {
    try {
      const { done, value } = advance(need(this.#run, "run"));
      if (done) this.#outcome = () => value;
      else this.#awaited = value;
    } catch (error) {
      this.#outcome = () => {
        throw error;
      };
    }
  }

  #end(outcome: () => unknown): void {
    let result: unknown;
    try {
      result = outcome();
    } catch (error) {
      const { name: errorType, message: errorMessage, stack: stackTrace } = error as Error;
      const failureDetails = { errorType, errorMessage, ...(stackTrace ? { stackTrace } : {}) };
      return this.#complete(OrchestrationStatus.FAILED, errorMessage, { failureDetails });
    }
    const sequel = this.#sequel;
    if (sequel === undefined) return this.#complete(OrchestrationStatus.COMPLETED, JSON.stringify(result));
    const { version } = sequel;
    const carryoverEvents = this.#carriedOver.map((value) => ({
      eventId: -1,
      timestamp: need(this.#time, "time"),
      eventType: {
        case: "eventRaised" as const,
        value: { name: value.name, ...(value.input === undefined ? {} : { input: value.input }) },
      },
    }));
    this.#complete(OrchestrationStatus.CONTINUED_AS_NEW, JSON.stringify(sequel.input), {
      carryoverEvents,
      ...(version === undefined ? {} : { newVersion: version }),
    });
  }

  #complete(orchestrationStatus: OrchestrationStatus, result: string | undefined, more: object = {}): void {
    const id = this.#nextId++;
    if (this.#isOver) return;
    this.#isOver = true;
    const value = { orchestrationStatus, ...(result === undefined ? {} : { result }), ...more };
    const orchestratorActionType = { case: "completeOrchestration" as const, value };
    this.#pending.set(id, { asked: "end", name: undefined, action: { id, orchestratorActionType } });
  }
}

function given(input: unknown): { input?: string } {
  return input === undefined ? {} : { input: JSON.stringify(input) };
}

const NO_TIME = "0001-01-01T00:00:00";

/** The content of the message in the JSON of DurableTask.Core. */
function asEvent(name: string, message: EntityMessage): { instanceId: string; data: string } {
  const sent = {
    Timestamp: NO_TIME,
    Predecessor: NO_TIME,
    createTrace: message.case !== "entityLockRequested",
  };
  switch (message.case) {
    case "entityOperationCalled":
    case "entityOperationSignaled": {
      const { operation: op, requestId: id, input, targetInstanceId: instanceId = "" } = message.value;
      const isSignal = message.case === "entityOperationSignaled" ? { signal: true } : {};
      const due = name === "op" ? {} : { due: name.slice("op@".length) };
      const content = { op, ...isSignal, input, id, parent: "it", ...due, IsLockRequest: false, ...sent };
      return { instanceId, data: JSON.stringify(content) };
    }
    case "entityLockRequested": {
      const { criticalSectionId: id, lockSet = [] } = message.value;
      const lockset = lockSet.map((entity) => {
        const [, entityName, key] = entity.split("@");
        return { name: entityName, key };
      });
      const content = { op: null, id, parent: "it", lockset, IsLockRequest: true, ...sent };
      return { instanceId: lockSet[0] ?? "", data: JSON.stringify(content) };
    }
    case "entityUnlockSent": {
      const { criticalSectionId: id, targetInstanceId: instanceId = "" } = message.value;
      return { instanceId, data: JSON.stringify({ parent: "it", id }) };
    }
    default:
      throw new TypeError();
  }
}
