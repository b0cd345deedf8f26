import { randomUUID } from "node:crypto";
import { ActionLog } from "../core/action-log.ts";
import { EntityRequests } from "../core/entity-requests.ts";
import { DurableError } from "../core/errors.ts";
import { ExternalEvents } from "../core/external-events.ts";
import { type ContextPort, OrchestrationContext } from "../core/orchestration-context.ts";
import type { DurableOrchestrationContext } from "../sdk/df-context.ts";
import { FunctionSchemas } from "../sdk/function-schemas.ts";
import { type Log, OrchestratorContext, type Untyped } from "../sdk/orchestrator-context.ts";
import { dummyDurableContext } from "./dummy-durable-context.ts";

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type LogHandler = (level: LogLevel, ...args: unknown[]) => void;

/**
 * The context of durable-functions v3 for tests that drive a generator by hand. `df` has every method: those that schedule
 * something answer with a `DummyTask`, until the test puts a stub in their place, or an object of its own in place of `df`.
 *
 * The other methods of the context refuse: a `TestHub` runs orchestrators that use them.
 */
export class DummyOrchestrationContext extends OrchestratorContext<Untyped> {
  readonly invocationId: string;
  readonly #log: Log;
  #df: object;

  constructor(
    functionName = "dummyContextFunctionName",
    invocationId: string = randomUUID(),
    logHandler: LogHandler = printed,
  ) {
    super(new OrchestrationContext(portOf(functionName, invocationId)), undefined, new FunctionSchemas());
    this.invocationId = invocationId;
    this.#log = logOf(logHandler);
    this.#df = dummyDurableContext(invocationId);
  }

  // What a test puts here has the methods that its orchestrator calls, and need not have the others.
  override get df(): DurableOrchestrationContext<Untyped> {
    return this.#df as DurableOrchestrationContext<Untyped>;
  }

  override set df(stubs: object) {
    this.#df = stubs;
  }

  override get log(): Log {
    return this.#log;
  }
}

function portOf(name: string, executionId: string): ContextPort {
  const scope = { awaited: refuse, promiseSettled: refuse };
  const actions = new ActionLog(scope, 0);
  return {
    ...scope,
    started: { type: "ExecutionStarted", timestamp: 0, instanceId: executionId, executionId, name },
    currentTime: 0,
    isReplaying: false,
    actions,
    events: new ExternalEvents(),
    entities: new EntityRequests(scope, actions),
    httpPollMs: 0,
    isPatched: refuse,
    versionOfStart: refuse,
    enter: refuse,
    continueAsNew: refuse,
    setCustomStatus: refuse,
  };
}

function refuse(): never {
  throw new DurableError(
    "CONTEXT_OUTSIDE_EPISODE",
    "A DummyOrchestrationContext runs nothing, and has stubs for the methods of context.df only. " +
      "Use those, or run the orchestrator with TestHub.",
  );
}

function logOf(handler: LogHandler): Log {
  const at =
    (level: LogLevel) =>
    (...values: unknown[]): void =>
      handler(level, ...values);
  return Object.assign(at("information"), {
    trace: at("trace"),
    debug: at("debug"),
    info: at("information"),
    warn: at("warning"),
    error: at("error"),
  });
}

function printed(_level: LogLevel, ...values: unknown[]): void {
  // oxlint-disable-next-line eslint/no-console
  console.log(...values);
}
