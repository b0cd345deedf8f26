import { DurableError } from "../core/errors.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { Logger } from "../engine/logger.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import { createMemoryStorage } from "../providers/memory/index.ts";
import { builtInsOf } from "../sdk/built-ins.ts";
import { type CompletedStatus, DurableClient } from "../sdk/durable-client.ts";
import { hubClosed, hubOpened } from "../sdk/open-hubs.ts";
import type { Untyped } from "../sdk/orchestrator-context.ts";
import type { ActivityReference, InstanceId, OrchestratorReference } from "../sdk/references.ts";
import { makeConsoleReplaySafe } from "../sdk/replay-safe-console.ts";
import { DEFAULT_TASK_HUB_NAME } from "../sdk/task-hub.ts";
import { Webhook } from "../sdk/webhook.ts";
import type { StorageProvider, TaskHubStore } from "../storage/index.ts";
import { CallLog, type RecordedCall } from "./call-log.ts";
import { CrashPlan, type CrashPoint } from "./crash-plan.ts";
import { FakedOrchestrators } from "./faked-orchestrator.ts";
import { Fakes, type FunctionTarget } from "./fakes.ts";
import type { OrchestrationOutcome, Outcome } from "./outcomes.ts";
import { Rest } from "./rest.ts";
import { type Span, timeOf } from "./span.ts";
import type { Stage } from "./test-executor.ts";
import { DEFAULT_PATIENCE_MS, requireApp, settingsOf, type TestHubOptions } from "./test-hub-options.ts";
import { TestTime } from "./test-time.ts";
import { TestWorker } from "./test-worker.ts";

/** After so many things that came due, an instance that nobody gave a limit goes on for ever. A year has fewer hours. */
const MAX_JUMPS = 10_000;

/**
 * A task hub for tests: the engine itself, in memory, on a clock that moves only when the test says so or waits for an
 * instance.
 */
export class TestHub implements AsyncDisposable {
  /** The client applications hold. Waiting with it moves the clock, from timer to timer. */
  readonly client: DurableClient;
  readonly name = DEFAULT_TASK_HUB_NAME;
  readonly #storage: StorageProvider;
  readonly #store: TaskHubStore;
  readonly #options: TestHubOptions;
  readonly #settings: EngineSettings;
  readonly #time: TestTime;
  readonly #stage: Stage;
  readonly #plan = new CrashPlan();
  readonly #complaints: string[] = [];
  #worker: TestWorker;
  #crashes = 0;
  #isStopped = false;

  private constructor(
    options: TestHubOptions,
    storage: StorageProvider,
    store: TaskHubStore,
    time: TestTime,
  ) {
    this.#options = options;
    this.#storage = storage;
    this.#store = store;
    this.#time = time;
    this.#settings = settingsOf(options.settings);
    const { registry } = options.app;
    const calls = new CallLog();
    this.#stage = {
      registry,
      calls,
      clock: time.clock,
      rest: time.rest,
      settings: this.#settings,
      builtIns: builtInsOf(options.app, this.#settings),
      fakes: new Fakes(registry),
      fakedOrchestrators: new FakedOrchestrators(calls),
      realActivities: options.realActivities ?? "run",
    };
    for (const [name, outcome] of Object.entries(options.fakes ?? {})) this.#stage.fakes.set(name, outcome);
    this.#worker = this.#newWorker();
    const client = (): TaskHubClient => this.#running().client;
    this.client = new DurableClient({
      hub: {
        get client() {
          return client();
        },
        query: store.query,
      },
      schemas: options.app.schemas,
      webhook: new Webhook(options),
    });
  }

  /**
   * A hub that runs the app.
   *
   * @throws {DurableError} INVALID_ARGUMENT, INVALID_CONFIGURATION, ACTIVITY_NOT_FOUND for a fake of what the app does not have
   */
  static async start(options: TestHubOptions): Promise<TestHub> {
    requireApp(options);
    const { startAt, patienceMs = DEFAULT_PATIENCE_MS } = options;
    const time = new TestTime(startAt === undefined ? undefined : timeOf(startAt), new Rest(patienceMs));
    const storage = createMemoryStorage({ clock: time.clock });
    await storage.taskHubs.ensure(DEFAULT_TASK_HUB_NAME);
    const store = await storage.openTaskHub(DEFAULT_TASK_HUB_NAME);
    const hub = new TestHub(options, storage, store, time);
    makeConsoleReplaySafe();
    await hub.#worker.start();
    hubOpened(hub);
    return hub;
  }

  /** What time it is here. */
  get now(): Date {
    return new Date(this.#time.clock.now());
  }

  /** How often a worker was killed. */
  get crashes(): number {
    return this.#crashes;
  }

  /** What the engine has logged as a warning or an error. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** Lets time pass: milliseconds, or a text such as "30d" or "1h 30m". Everything due on the way happens at its time. */
  advance(span: Span): Promise<void> {
    return this.#time.advance(span);
  }

  /** The same until a date. @throws {DurableError} INVALID_ARGUMENT for one that is past */
  advanceTo(date: Date | string): Promise<void> {
    return this.#time.advanceTo(date);
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.#time.advance(0);
  }

  /**
   * Jumps from timer to timer until the instance has ended. The same as `client.waitForCompletion`.
   *
   * @throws {DurableError} INSTANCE_NOT_FOUND, and WAIT_TIMEOUT with what the instance waits for when it will never end,
   * or has not after very many timers
   */
  run<O = unknown>(instanceId: InstanceId<O>): Promise<CompletedStatus<O>> {
    return this.client.waitForCompletion(instanceId);
  }

  /** Does something when it is that time: so much later than now, or at a date. What it throws, moving the time throws. */
  at(when: Span | Date, action: () => unknown): void {
    this.#time.at(when, action);
  }

  /**
   * From now on the function is not run: its calls come to this. `inTurn`, `after` and `never` make more of it than a value,
   * an error or a function.
   *
   * @throws {DurableError} ACTIVITY_NOT_FOUND for a function that the app does not have
   */
  fake<I, O>(activity: ActivityReference<I, O>, outcome: NoInfer<Outcome<I, O>>): void;
  fake<I, O>(orchestrator: OrchestratorReference<I, O>, outcome: NoInfer<OrchestrationOutcome<I, O>>): void;
  fake(name: string, outcome: unknown): void;
  fake(target: FunctionTarget, outcome: unknown): void {
    this.#running();
    this.#stage.fakes.set(target, outcome);
  }

  /**
   * Every call of an activity, faked or not, or of a faked orchestration, in the order they began.
   *
   * @throws {DurableError} ACTIVITY_NOT_FOUND for a function that the app does not have
   */
  calls<I, O>(target: ActivityReference<I, O> | OrchestratorReference<I, O>): readonly RecordedCall<I, O>[];
  calls(name: string): readonly RecordedCall<Untyped, Untyped>[];
  calls(target: FunctionTarget): readonly RecordedCall<Untyped, Untyped>[] {
    const { kind, name } = this.#stage.fakes.find(target);
    return this.#stage.calls.of(kind, name);
  }

  /** All events of the current execution, as they are stored, for `replayHistory` or a look. */
  history(instanceId: string): Promise<readonly HistoryEvent[]> {
    return this.#running().client.getHistory(instanceId);
  }

  /** Kills the worker as kill -9 does: what it had not written is gone. Another takes over from the store. */
  async crash(): Promise<void> {
    this.#running().kill();
    await this.#takeOver();
  }

  /** The same at a certain point. @throws {DurableError} INVALID_ARGUMENT, ACTIVITY_NOT_FOUND */
  crashNext(point: CrashPoint): void {
    this.#running();
    this.#plan.add(point, (target) => this.#activityName(target));
  }

  /** Ends the hub, and with it everything in it. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#time.stop();
    hubClosed(this);
    this.#worker.kill();
    await this.#storage.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #running(): TestWorker {
    this.#time.checkRunning();
    return this.#worker;
  }

  #activityName(target: FunctionTarget): string {
    const { kind, name } = this.#stage.fakes.find(target);
    if (kind === "activity") return name;
    throw new DurableError("INVALID_ARGUMENT", `'${name}' is no activity but an orchestrator.`);
  }

  #newWorker(): TestWorker {
    return new TestWorker({
      store: this.#store,
      stage: this.#stage,
      settings: this.#settings,
      logger: this.#options.logger ?? this.#logger(),
      plan: this.#plan,
      attend: (wait, { instanceId, timeoutMs }) =>
        this.#time.attend(wait, {
          mayJump: timeoutMs === undefined ? MAX_JUMPS : Number.POSITIVE_INFINITY,
          why: () => this.#whyWaiting(instanceId),
        }),
      workerId: `worker-${this.#crashes + 1}`,
      died: () => void this.#takeOver(),
    });
  }

  /** From now on calls go to the new worker, also before it owns anything. */
  #takeOver(): Promise<void> {
    const dead = this.#worker;
    this.#crashes += 1;
    this.#stage.calls.lose();
    const next = this.#newWorker();
    this.#worker = next;
    return this.#time.rest.during(async () => {
      await dead.expire();
      await next.start();
    });
  }

  /** In words, down to the instance at the bottom that others wait for. */
  async #whyWaiting(instanceId: string): Promise<string> {
    const explanation = await this.client.whyWaiting(instanceId);
    const [first] = explanation?.reasons ?? [];
    const sentence = explanation?.sentence ?? "It has ended.";
    if (first?.type !== "sub-orchestration") return sentence;
    return `${sentence} That one: ${await this.#whyWaiting(first.instanceId)}`;
  }

  #logger(): Logger {
    const note = (_details: object, message: string): void => {
      this.#complaints.push(message);
    };
    return { debug: () => undefined, info: () => undefined, warn: note, error: note };
  }
}
