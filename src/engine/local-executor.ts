import { fromJsonText, toJsonText } from "../core/data-converter.ts";
import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import type { EpisodeResult } from "../core/episode-result.ts";
import { DurableError } from "../core/errors.ts";
import { describeFailure } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import type { OpenTasks } from "../core/open-tasks.ts";
import type { OrchestratorDefinition } from "../core/orchestrator-definition.ts";
import { OrchestratorSession, type SessionOptions, type Verdict } from "../core/orchestrator-session.ts";
import { entityNotFound } from "../core/programming-errors.ts";
import { type Rewound, rewindHistory } from "../core/rewind.ts";
import type { Clock } from "./clock.ts";
import type {
  ActivityCall,
  ActivityOutcome,
  Executor,
  FunctionKind,
  OrchestrationSession,
  OrchestratorMatch,
  RewindInput,
  RunningActivity,
  StartToCheck,
} from "./executor.ts";
import { failedBatch, type LocalBatchOptions, runLocalBatch } from "./local-entity.ts";
import { OrchestratorVersions, type VersionSettings } from "./orchestrator-versions.ts";
import {
  type ActivityDefinition,
  type ActivityInvocation,
  activityNotFound,
  type FunctionRegistry,
  orchestratorNotFound,
  versionNotFound,
} from "./registry.ts";

export interface LocalExecutorOptions extends VersionSettings {
  readonly registry: FunctionRegistry;
  readonly clock: Clock;
  readonly maxOrchestrationActions: number;
  /** Activities of the host itself. */
  readonly builtIns?: readonly ActivityDefinition[];
  /** How long an HTTP call waits between two polls, in milliseconds (S-182). Default 30,000. */
  readonly defaultAsyncRequestSleepTimeMilliseconds?: number;
  /** Whether an operation that throws leaves its entity as it was (S-157). Default true. */
  readonly rollbackEntityOperationsOnExceptions?: boolean;
}

/** Runs orchestrators and activities in this process. */
export class LocalExecutor implements Executor {
  readonly #registry: FunctionRegistry;
  readonly #versions: OrchestratorVersions;
  readonly #clock: Clock;
  readonly #builtIns: ReadonlyMap<string, ActivityDefinition>;
  readonly #batchOptions: LocalBatchOptions;
  readonly #sessionOptions: Omit<SessionOptions, "onStray">;

  constructor(options: LocalExecutorOptions) {
    this.#registry = options.registry;
    this.#clock = options.clock;
    this.#builtIns = new Map(options.builtIns?.map((activity) => [activity.name, activity]));
    this.#batchOptions = {
      clock: options.clock,
      rollback: options.rollbackEntityOperationsOnExceptions ?? true,
    };
    this.#versions = new OrchestratorVersions(options.registry, options);
    this.#sessionOptions = {
      settle: macrotask(options.clock),
      maxActions: options.maxOrchestrationActions,
      ...given({ httpPollMs: options.defaultAsyncRequestSleepTimeMilliseconds }),
      versionOfStart: (name, version) => this.#versions.ofStart(name, version),
    };
  }

  runsHere(): boolean {
    return true;
  }

  /** Whether there is a function of that kind and name. */
  has(kind: FunctionKind, name: string): boolean {
    switch (kind) {
      case "orchestrator":
        return this.#registry.hasOrchestrator(name);
      case "activity":
        return this.#registry.activity(name) !== undefined || this.#builtIns.has(name);
      case "entity":
        return this.hasEntity(name);
    }
  }

  match(name: string, version: string | undefined): OrchestratorMatch {
    return this.#versions.match(name, version);
  }

  versionOfStart(name: string, version: string | undefined): string | undefined {
    return this.#versions.ofStart(name, version);
  }

  pinnedVersion(name: string, version: string | undefined): string | undefined {
    return this.#versions.pinned(name, version);
  }

  checkStart({ name, version, input }: StartToCheck): void | Promise<void> {
    const match = this.#versions.match(name, version);
    if (match.type === "missing") throw orchestratorNotFound(name, this.#registry.orchestratorNames);
    if (match.type === "version-missing") throw versionNotFound(name, version, match.versions);
    return this.#versions.registrationOf(name, version)?.checkInput?.(fromJsonText(input));
  }

  openSession(started: ExecutionStarted, onStray: () => void): OrchestrationSession {
    const definition = this.#definition(started.name, started.version);
    return new LocalSession(definition, started, { ...this.#sessionOptions, onStray });
  }

  rewind(name: string, input: RewindInput): Promise<Rewound> {
    return rewindHistory({
      ...input,
      definition: this.#definition(name, versionIn(input.history)),
      sessionOptions: this.#sessionOptions,
    });
  }

  startActivity(call: ActivityCall): RunningActivity {
    const definition = this.#registry.activity(call.name) ?? this.#builtIns.get(call.name);
    if (definition) return new LocalActivity(definition, call, this.#clock);
    const error = activityNotFound(call.name, this.#registry.activityNames);
    return { outcome: Promise.resolve(failed(call, error)), abort: () => undefined };
  }

  get entityNames(): readonly string[] {
    return this.#registry.entityNames;
  }

  hasEntity(name: string): boolean {
    return this.#registry.entity(name) !== undefined;
  }

  runEntity(batch: EntityBatch): EntityBatchResult | Promise<EntityBatchResult> {
    const { name } = batch.entity;
    const definition = this.#registry.entity(name);
    if (definition) return runLocalBatch(definition, batch, this.#batchOptions);
    return failedBatch(batch, describeFailure(entityNotFound(name, this.#registry.entityNames)));
  }

  /** An orchestrator nobody has is one that fails with that text (S-11). */
  #definition(name: string, version: string | undefined): OrchestratorDefinition {
    const known = this.#versions.registrationOf(name, version);
    if (known) return known;
    const match = this.#versions.match(name, version);
    const error =
      match.type === "version-missing"
        ? versionNotFound(name, version, match.versions)
        : orchestratorNotFound(name, this.#registry.orchestratorNames);
    return {
      name,
      handler: () => {
        throw error;
      },
    };
  }
}

/** The version of the instance whose history this is. */
export function versionIn(history: readonly HistoryEvent[]): string | undefined {
  const started = history.find((event) => event.type === "ExecutionStarted");
  return started?.type === "ExecutionStarted" ? started.version : undefined;
}

class LocalSession implements OrchestrationSession {
  readonly #session: OrchestratorSession;

  constructor(definition: OrchestratorDefinition, started: ExecutionStarted, options: SessionOptions) {
    this.#session = new OrchestratorSession(definition, started, options);
  }

  get openTasks(): OpenTasks {
    return this.#session.actions.open;
  }

  get suspension(): { readonly reason: string | undefined } | undefined {
    return this.#session.suspension;
  }

  get awaitedEvents(): readonly string[] {
    return this.#session.events.awaitedNames;
  }

  get hasReturned(): boolean {
    return this.#session.hasReturned;
  }

  get verdict(): Verdict | undefined {
    return this.#session.verdict;
  }

  get isDue(): boolean {
    return this.#session.isDue;
  }

  isPending(taskId: number): boolean {
    return this.#session.actions.pending.some((action) => action.id === taskId);
  }

  goesOnFor(executionId: string | undefined): boolean {
    return this.#session.goesOnFor(executionId);
  }

  replay(history: readonly HistoryEvent[]): void | Promise<void> {
    return this.#session.replay(history);
  }

  execute(messages: readonly HistoryEvent[], now: number): EpisodeResult | Promise<EpisodeResult> {
    return this.#session.execute(messages, now);
  }

  giveUp(error: Error): EpisodeResult {
    return this.#session.giveUp(error);
  }
}

class LocalActivity implements RunningActivity, ActivityInvocation {
  readonly outcome: Promise<ActivityOutcome>;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  #controller: AbortController | undefined;
  #aborted: DurableError | undefined;

  constructor(definition: ActivityDefinition, call: ActivityCall, clock: Clock) {
    this.instanceId = call.instanceId;
    this.executionId = call.executionId;
    this.taskId = call.taskId;
    this.name = definition.name;
    const running = this.#run(definition, call);
    this.outcome =
      definition.timeoutMs === undefined ? running : this.#limit(running, definition.timeoutMs, call, clock);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  abort(reason: string): void {
    this.#stop(new DurableError("TASK_CANCELED", `Activity '${this.name}' was asked to stop: ${reason}.`));
  }

  #stop(error: DurableError): void {
    this.#aborted ??= error;
    this.#controller?.abort(error);
  }

  async #run(definition: ActivityDefinition, call: ActivityCall): Promise<ActivityOutcome> {
    try {
      const value: unknown = await definition.handler(fromJsonText(call.input), this);
      return { type: "completed", result: toJsonText(value, `The result of activity '${call.name}'`) };
    } catch (error) {
      return failed(call, error);
    }
  }

  #limit(
    running: Promise<ActivityOutcome>,
    timeoutMs: number,
    call: ActivityCall,
    clock: Clock,
  ): Promise<ActivityOutcome> {
    return new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => {
        const error = new DurableError(
          "ACTIVITY_TIMEOUT",
          `Activity '${call.name}' did not finish within its ${timeoutMs} ms.`,
        );
        this.#stop(error);
        resolve(failed(call, error));
      });
      void running.then((outcome) => {
        cancel();
        resolve(outcome);
      });
    });
  }
}

function failed(call: ActivityCall, error: unknown): ActivityOutcome {
  const failure = describeFailure(error);
  return {
    type: "failed",
    reason: `Activity function '${call.name}' failed: ${failure.errorMessage}`,
    failure,
  };
}

/** Resolves after every microtask that is due now; callers of the same turn share one macrotask. */
function macrotask(clock: Clock): () => Promise<void> {
  let next: Promise<void> | undefined;
  return () => {
    next ??= new Promise((resolve) => {
      clock.soon(() => {
        next = undefined;
        resolve();
      });
    });
    return next;
  };
}
