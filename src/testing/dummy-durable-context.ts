import { randomUUID } from "node:crypto";

/** What an orchestrator that is driven by hand yields: what it has asked for. */
export class DummyTask implements Iterable<DummyTask, unknown> {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly isCompleted = false;
  readonly isFaulted = false;
  isCanceled = false;

  constructor(method: string, args: readonly unknown[]) {
    this.method = method;
    this.args = args;
  }

  /** So that `yield*` gives what the test passes to `next`. */
  *[Symbol.iterator](): Generator<DummyTask, unknown, unknown> {
    return yield this;
  }

  cancel(): void {
    this.isCanceled = true;
  }
}

/** Methods that give a task. */
const SCHEDULING = [
  "callActivity",
  "callActivityWithRetry",
  "callSubOrchestrator",
  "callSubOrchestratorWithRetry",
  "callEntity",
  "callHttp",
  "createTimer",
  "lock",
  "waitForExternalEvent",
] as const;

/** Methods that give nothing. */
const TELLING = ["continueAsNew", "signalEntity"] as const;

/** A `context.df` whose members can all be replaced. */
export function dummyDurableContext(instanceId: string): object {
  const dummy = {
    instanceId,
    parentInstanceId: undefined as string | undefined,
    version: undefined as string | undefined,
    isReplaying: false,
    currentUtcDateTime: new Date(Date.UTC(2030, 0, 1)),
    customStatus: undefined as unknown,
    Task: {
      all: (...args: unknown[]) => new DummyTask("Task.all", args),
      any: (...args: unknown[]) => new DummyTask("Task.any", args),
    },
    getInput: () => undefined,
    newGuid: () => randomUUID(),
    isLocked: () => ({ isLocked: false, ownedLocks: [] }),
    setCustomStatus: (status: unknown) => {
      dummy.customStatus = status;
    },
  };
  return Object.assign(
    dummy,
    Object.fromEntries(
      SCHEDULING.map((method) => [method, (...args: unknown[]) => new DummyTask(method, args)]),
    ),
    Object.fromEntries(TELLING.map((method) => [method, () => undefined])),
  );
}
