import type { EntityBatch, EntityBatchResult } from "../../src/core/entity-batch.ts";
import type { ExecutionStarted, JsonText } from "../../src/core/history-event.ts";
import { OrchestratorSession } from "../../src/core/orchestrator-session.ts";
import type { RemoteTurnResult } from "../../src/core/remote-execution.ts";
import type { Clock } from "../../src/engine/clock.ts";
import type {
  ActivityCall,
  ActivityOutcome,
  FunctionKind,
  RunningActivity,
} from "../../src/engine/executor.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import type { FunctionRegistry } from "../../src/engine/registry.ts";
import { NoWorker, type RemoteWorkers, type TurnToRun, Withdrawn } from "../../src/engine/remote-workers.ts";
import { defaultSettings } from "../../src/engine/settings.ts";
import type { WorkElsewhere } from "../../src/engine/work-elsewhere.ts";

type Answer = RemoteTurnResult | ActivityOutcome | EntityBatchResult;

interface ToRun {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly version: string | undefined;
  readonly run: (worker: WorkerElsewhere) => Answer | Promise<Answer>;
}

/** Something to run, which one worker after the other may have had. Only its first answer counts. */
class Work {
  readonly what: ToRun;
  readonly outcome: Promise<Answer>;
  isOver = false;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(what: ToRun) {
    this.what = what;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(answer: Answer): void {
    this.isOver = true;
    this.#resolve(answer);
  }

  fail(error: Error): void {
    this.isOver = true;
    this.#reject(error);
  }
}

export interface WorkerOptions {
  /** Keeps what it takes until it is told to answer. */
  readonly isPaused?: boolean;
  /** So much at once. Default: all there is. */
  readonly slots?: number;
  /** The time each piece of work takes. Default: none. */
  readonly takeTime?: (() => Promise<void>) | undefined;
}

/** What there is to run. */
interface Functions {
  readonly registry: FunctionRegistry;
}

/** A process that runs the functions of an app for others. */
export class WorkerElsewhere {
  isConnected = true;
  isPaused: boolean;
  /** What it has taken and not answered. */
  readonly inHand = new Set<Work>();
  /** All it has answered, in words. */
  readonly answered: string[] = [];
  readonly executor: LocalExecutor;
  readonly #registry: FunctionRegistry;
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #takeTime: WorkerOptions["takeTime"];
  readonly #onAnswer: () => void;

  constructor(
    { registry }: Functions,
    clock: Clock,
    { isPaused = false, slots = Number.POSITIVE_INFINITY, takeTime }: WorkerOptions,
    onAnswer: () => void,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#slots = slots;
    this.#onAnswer = onAnswer;
    this.isPaused = isPaused;
    this.#takeTime = takeTime;
    this.executor = new LocalExecutor({ registry, clock, ...defaultSettings() });
  }

  accepts({ kind, name, version }: Omit<ToRun, "run">): boolean {
    if (kind !== "orchestrator") return this.executor.has(kind, name);
    return this.executor.has(kind, name) && this.executor.match(name, version).type === "runs";
  }

  open(started: ExecutionStarted): ShowingSession {
    const { name, version } = started;
    const definition =
      this.#registry.orchestrator(name, version) ?? this.#registry.orchestrator(name, undefined);
    if (definition === undefined) throw new Error(`The worker took '${name}' and does not have it.`);
    return new ShowingSession(definition, started, {
      settle: () =>
        new Promise((resolve) => {
          this.#clock.soon(resolve);
        }),
      onStray: () => undefined,
      maxActions: 10_000,
    });
  }

  get hasRoom(): boolean {
    return this.inHand.size < this.#slots;
  }

  take(work: Work): void {
    this.inHand.add(work);
    if (!this.isPaused) void this.#run(work);
  }

  /** Runs and answers all it has in hand; also when it has lost its connection, and nobody hears. */
  async answer(): Promise<void> {
    for (const work of this.inHand) await this.#run(work);
  }

  /** Goes on without pauses. */
  async goOn(): Promise<void> {
    this.isPaused = false;
    await this.answer();
  }

  async #run(work: Work): Promise<void> {
    const { kind, name, run } = work.what;
    await this.#takeTime?.();
    const answer = await run(this);
    this.answered.push(`${kind} ${name}`);
    this.inHand.delete(work);
    if (!this.isConnected) return;
    work.settle(answer);
    this.#onAnswer();
  }
}

/** Workers that a test connects and disconnects; each runs the functions of an app. */
export class WorkersElsewhere implements RemoteWorkers {
  readonly #clock: Clock;
  readonly #workers = new Set<WorkerElsewhere>();
  readonly #listeners: (() => void)[] = [];
  /** By instance: what the code has shown when it continued as new, which it goes on to show. */
  readonly #carriedOver: Map<string, JsonText | undefined>;
  #queue: Work[] = [];

  constructor(clock: Clock, carriedOver = new Map<string, JsonText | undefined>()) {
    this.#clock = clock;
    this.#carriedOver = carriedOver;
  }

  connect(functions: Functions, options: WorkerOptions = {}): WorkerElsewhere {
    const worker = new WorkerElsewhere(functions, this.#clock, options, () => this.#handOut());
    this.#workers.add(worker);
    this.#changed();
    return worker;
  }

  /** It is gone: what it has in hand is for others. */
  disconnect(worker: WorkerElsewhere): void {
    worker.isConnected = false;
    this.#workers.delete(worker);
    this.#queue = [...worker.inHand, ...this.#queue];
    this.#changed();
  }

  /** What waits for a worker to take it. */
  get waiting(): readonly string[] {
    return this.#queue.flatMap(({ isOver, what }) => (isOver ? [] : [`${what.kind} ${what.name}`]));
  }

  accepts(kind: FunctionKind, name: string, version: string | undefined): boolean {
    return this.#accepting({ kind, name, version }).length > 0;
  }

  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult> {
    const { started, past, events } = structuredClone(turn);
    // No worker is told that it was rewound.
    const copy = { started, past: past.filter(({ type }) => type !== "ExecutionRewound"), events };
    const { name, version } = turn.started;
    const run = (worker: WorkerElsewhere): Promise<Answer> => this.#runCode(copy, worker);
    const work = this.#offer({ kind: "orchestrator", name, version, run });
    return {
      outcome: work.outcome as Promise<RemoteTurnResult>,
      withdraw: () => work.fail(new Withdrawn()),
    };
  }

  startActivity(call: ActivityCall): RunningActivity {
    const { name, version } = call;
    const run = ({ executor }: WorkerElsewhere): Promise<Answer> => executor.startActivity(call).outcome;
    const work = this.#offer({ kind: "activity", name, version, run });
    const waitsFor = (): RunningActivity["waitsFor"] => {
      if (!this.#queue.includes(work)) return undefined;
      return this.#accepting(work.what).length === 0 ? "worker" : "slot";
    };
    return {
      outcome: work.outcome as Promise<ActivityOutcome>,
      abort: () => {
        work.isOver = true;
      },
      get waitsFor() {
        return waitsFor();
      },
    };
  }

  runEntity(batch: EntityBatch): WorkElsewhere<EntityBatchResult> {
    const run = ({ executor }: WorkerElsewhere): Answer | Promise<Answer> => executor.runEntity(batch);
    const work = this.#offer({ kind: "entity", name: batch.entity.name, version: undefined, run });
    return {
      outcome: work.outcome as Promise<EntityBatchResult>,
      withdraw: () => work.fail(new Withdrawn()),
    };
  }

  #accepting(what: Omit<ToRun, "run">): readonly WorkerElsewhere[] {
    return [...this.#workers].filter((worker) => worker.accepts(what));
  }

  #offer(what: ToRun): Work {
    const work = new Work(what);
    this.#queue.push(work);
    this.#handOut();
    return work;
  }

  /** A turn that nobody takes goes back; the rest waits for a worker. */
  #handOut(): void {
    const left: Work[] = [];
    for (const work of this.#queue.splice(0)) {
      if (work.isOver) continue;
      const accepting = this.#accepting(work.what);
      const worker = accepting.find(({ hasRoom }) => hasRoom);
      if (worker) worker.take(work);
      else if (accepting.length > 0 || work.what.kind !== "orchestrator") left.push(work);
      else work.fail(new NoWorker(work.what.name));
    }
    this.#queue.unshift(...left);
  }

  #changed(): void {
    this.#handOut();
    for (const listener of this.#listeners) listener();
  }

  /** The code runs from its beginning, as it does in workers that keep nothing. */
  async #runCode({ started, past, events }: TurnToRun, worker: WorkerElsewhere): Promise<RemoteTurnResult> {
    const session = worker.open(started);
    const { instanceId, generation } = started;
    if (generation !== undefined) session.shown = this.#carriedOver.get(instanceId);
    await session.replay(past);
    const { actions, completion, continuedAsNew } = await session.execute(events, events[0]?.timestamp ?? 0);
    const customStatus = session.shown;
    if (continuedAsNew) this.#carriedOver.set(instanceId, customStatus);
    return { actions, completion, continuedAsNew, customStatus };
  }
}

/** Tells what the code shows, also of a replay. */
class ShowingSession extends OrchestratorSession {
  shown: JsonText | undefined;

  override setCustomStatus(text: JsonText | undefined): void {
    this.shown = text;
    super.setCustomStatus(text);
  }
}
