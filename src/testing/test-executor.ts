import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import { DurableError } from "../core/errors.ts";
import type { ExecutionStarted } from "../core/history-event.ts";
import type { Rewound } from "../core/rewind.ts";
import type { Clock } from "../engine/clock.ts";
import type {
  ActivityCall,
  Executor,
  OrchestrationSession,
  OrchestratorMatch,
  RewindInput,
  RunningActivity,
  StartToCheck,
} from "../engine/executor.ts";
import { LocalExecutor } from "../engine/local-executor.ts";
import { type ActivityDefinition, type ActivityInvocation, FunctionRegistry } from "../engine/registry.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { ActivityContext } from "../sdk/activity-context.ts";
import type { CallLog } from "./call-log.ts";
import type { FakedOrchestrators } from "./faked-orchestrator.ts";
import type { Fake, Fakes } from "./fakes.ts";
import type { Rest } from "./rest.ts";

/** What outlives the worker whose executor this is. */
export interface Stage {
  readonly registry: FunctionRegistry;
  readonly clock: Clock;
  readonly settings: EngineSettings;
  /** Activities of the host itself. */
  readonly builtIns: readonly ActivityDefinition[];
  readonly fakes: Fakes;
  readonly fakedOrchestrators: FakedOrchestrators;
  readonly calls: CallLog;
  readonly rest: Rest;
  /** Whether activities without a fake run. */
  readonly realActivities: "run" | "refuse";
}

/** Told of an activity that has come to something, before the engine is; a crash never lets go of it. */
export type ActivityEnded = (invocation: ActivityInvocation) => Promise<void>;

/** Runs an app with some of its functions faked, and writes their calls down. */
export class TestExecutor implements Executor {
  readonly #stage: Stage;
  readonly #ended: ActivityEnded;
  readonly #local: LocalExecutor;

  constructor(stage: Stage, ended: ActivityEnded) {
    this.#stage = stage;
    this.#ended = ended;
    this.#local = this.#executorOf(stage.registry);
  }

  runsHere(): boolean {
    return this.#local.runsHere();
  }

  match(name: string, version: string | undefined): OrchestratorMatch {
    return this.#local.match(name, version);
  }

  versionOfStart(name: string, version: string | undefined): string | undefined {
    return this.#local.versionOfStart(name, version);
  }

  pinnedVersion(name: string, version: string | undefined): string | undefined {
    return this.#local.pinnedVersion(name, version);
  }

  checkStart(start: StartToCheck): void | Promise<void> {
    return this.#local.checkStart(start);
  }

  get entityNames(): readonly string[] {
    return this.#local.entityNames;
  }

  hasEntity(name: string): boolean {
    return this.#local.hasEntity(name);
  }

  runEntity(batch: EntityBatch): EntityBatchResult | Promise<EntityBatchResult> {
    const { rest } = this.#stage;
    rest.disturb();
    const result = this.#local.runEntity(batch);
    return result instanceof Promise ? rest.during(() => result) : result;
  }

  openSession(started: ExecutionStarted, onStray: () => void): OrchestrationSession {
    return this.#executorFor(started.name).openSession(started, onStray);
  }

  rewind(name: string, input: RewindInput): Promise<Rewound> {
    return this.#executorFor(name).rewind(name, input);
  }

  startActivity(call: ActivityCall): RunningActivity {
    const { registry: known, builtIns } = this.#stage;
    const definition = known.activity(call.name) ?? builtIns.find(({ name }) => name === call.name);
    if (definition === undefined) return this.#local.startActivity(call);
    const handler: ActivityDefinition["handler"] = (input, invocation) =>
      this.#run(definition, input, invocation);
    return this.#executorOf(new FunctionRegistry(), [{ ...definition, handler }]).startActivity(call);
  }

  #executorFor(orchestrator: string): LocalExecutor {
    const fake = this.#stage.fakes.of("orchestrator", orchestrator);
    if (fake === undefined) return this.#local;
    const registry = new FunctionRegistry();
    registry.addOrchestrator(this.#stage.fakedOrchestrators.definition(orchestrator, fake));
    return this.#executorOf(registry);
  }

  #executorOf(registry: FunctionRegistry, builtIns: readonly ActivityDefinition[] = []): LocalExecutor {
    const { clock, settings } = this.#stage;
    return new LocalExecutor({ registry, clock, builtIns, ...settings });
  }

  async #run(
    definition: ActivityDefinition,
    input: unknown,
    invocation: ActivityInvocation,
  ): Promise<unknown> {
    const { calls, clock, rest, fakes } = this.#stage;
    const { instanceId } = invocation;
    const call = calls.begin("activity", definition.name, { input, at: new Date(clock.now()), instanceId });
    rest.disturb();
    try {
      const fake = fakes.of("activity", definition.name);
      const result: unknown = await (fake
        ? this.#play(fake, input, invocation)
        : this.#runReal(definition, input, invocation));
      await this.#ended(invocation);
      call.completed(result);
      return result;
    } catch (error) {
      await this.#ended(invocation);
      call.failed(error);
      throw error;
    } finally {
      rest.disturb();
    }
  }

  #runReal(definition: ActivityDefinition, input: unknown, invocation: ActivityInvocation): Promise<unknown> {
    const { realActivities, rest } = this.#stage;
    if (realActivities === "refuse") throw notFaked(definition.name);
    return rest.during(() => definition.handler(input, invocation));
  }

  async #play(fake: Fake, input: unknown, invocation: ActivityInvocation): Promise<unknown> {
    const { clock, rest } = this.#stage;
    const step = fake.next();
    if (step === "never") return new Promise(() => undefined);
    const { delayMs, outcome } = step;
    if (delayMs > 0) {
      await new Promise<void>((resolve) => {
        clock.after(delayMs, resolve);
      });
    }
    if (outcome instanceof Error) throw outcome;
    if (typeof outcome !== "function") return outcome;
    const called = outcome as (input: unknown, context: ActivityContext) => unknown;
    return rest.during(() => called(input, new ActivityContext(invocation)));
  }
}

function notFaked(name: string): DurableError {
  return new DurableError(
    "INVALID_CONFIGURATION",
    `Activity '${name}' has no fake, and this hub refuses to run real activities. ` +
      `Give it one with hub.fake('${name}', ...), or start the hub without realActivities: "refuse".`,
  );
}
