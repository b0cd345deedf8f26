import type { DueStart, Pulled, PullRequest, QueryStore, Timer, WorkerStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import { type FoundWork, restartAfterCrash } from "./crash-guard.ts";
import type { Logger } from "./logger.ts";
import type { Partition } from "./partition.ts";
import type { EngineSettings } from "./settings.ts";

export interface PullerPorts {
  readonly partition: Partition;
  readonly worker: WorkerStore;
  readonly query: QueryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: EngineSettings;
}

const PAGE = 500;
const RETRY_MS = 250;
/** With more busy instances than this, the store's backlog can wait. */
const BUSY_LIMIT = 5_000;
const BUSY_WAIT_MS = 5;
/** Starts that may not begin here fill whole pages: how long those that follow them wait until all are looked at again. */
const ALL_STARTS_MS = 5_000;

/**
 * Brings what the store has for a partition into memory: pending starts, messages of other processes, timers that come
 * due, and once, after a change of owner, what the former owner had under way.
 */
export class PartitionPuller {
  readonly #ports: PullerPorts;
  #afterMessage = 0;
  #afterStart: DueStart | undefined;
  #recovered: string | undefined = "";
  #timersAfter: Timer | undefined;
  #timersUntil = Number.NEGATIVE_INFINITY;
  #moreTimers = false;
  #nextDueAt = Number.POSITIVE_INFINITY;
  #pulling = false;
  #again = false;
  #stopped = false;
  readonly #waits = new Set<() => void>();

  constructor(ports: PullerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#advanceTimers();
    this.pull();
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#waits) cancel();
    this.#waits.clear();
  }

  /** Messages up to this number have been taken, as far as they are this partition's. */
  get takenUpTo(): number {
    return this.#afterMessage;
  }

  /** The store has a start or a message that is due then. */
  expect(dueAt: number): void {
    if (dueAt >= this.#nextDueAt) return;
    this.#nextDueAt = dueAt;
    this.#later(dueAt - this.#ports.clock.now(), () => {
      if (this.#nextDueAt === dueAt) this.#nextDueAt = Number.POSITIVE_INFINITY;
      this.pull();
    });
  }

  /** Asks the store for work; calls that come while it is being asked are answered together. */
  pull(): void {
    if (this.#stopped) return;
    if (this.#pulling) {
      this.#again = true;
      return;
    }
    this.#pulling = true;
    void this.#pullAll().finally(() => {
      this.#pulling = false;
      if (this.#again) {
        this.#again = false;
        this.pull();
      }
    });
  }

  async #pullAll(): Promise<void> {
    try {
      while (!this.#stopped) {
        const next = await this.#pullOnce();
        if (next === "nothing") return;
        await this.#room(next);
      }
    } catch (error) {
      this.#ports.logger.warn({ err: error }, "The store could not be asked for work; trying again");
      this.#later(RETRY_MS);
    }
  }

  /** What there is to ask for after this: more of the same, what has come meanwhile, or nothing. */
  async #pullOnce(): Promise<"more" | "new" | "nothing"> {
    const { partition, worker } = this.#ports;
    const { mark } = partition.backlog;
    const request = this.#request();
    let next: "more" | "new" | "nothing" = "nothing";
    await partition.held.whileAsking(async () => {
      const pulled = await worker.pull(request);
      if (this.#stopped) return;
      await this.#take(pulled, request);
      if (pulled.messages.length < PAGE) partition.backlog.catchUp(mark);
      if (this.#expectsMore(pulled, request)) next = "more";
      else if (partition.backlog.isBehind) next = "new";
    });
    return this.#stopped ? "nothing" : next;
  }

  #request(): PullRequest {
    const { partition, clock } = this.#ports;
    return {
      partition: partition.owned.partition,
      limit: PAGE,
      now: clock.now(),
      afterMessage: this.#afterMessage,
      ...(this.#afterStart === undefined ? {} : { afterStart: this.#afterStart }),
      ...(this.#recovered === undefined ? {} : { recover: { afterInstanceId: this.#recovered } }),
      ...(this.#moreTimers
        ? { timers: { until: this.#timersUntil, ...(this.#timersAfter ? { after: this.#timersAfter } : {}) } }
        : {}),
    };
  }

  async #take(pulled: Pulled, request: PullRequest): Promise<void> {
    const { partition } = this.#ports;
    const careful = partition.owned.takenOver && request.recover !== undefined;
    if (careful) await this.#takeCarefully(pulled);
    else {
      for (const instanceId of pulled.recover) partition.recover(instanceId);
      for (const start of pulled.starts) partition.begin(start);
      for (const message of pulled.messages) partition.take(message);
    }
    this.#noteStarts(pulled);
    this.#afterMessage = pulled.messages.at(-1)?.id ?? this.#afterMessage;
    for (const timer of pulled.timers) partition.timers.add(timer);
    if (request.recover) this.#noteRecovered(pulled);
    if (request.timers) this.#noteTimers(pulled);
    for (const dueAt of [pulled.nextStartAt, pulled.nextMessageAt])
      if (dueAt !== undefined) this.expect(dueAt);
  }

  /** The former owner died: what it was at may be what killed it. */
  async #takeCarefully(pulled: Pulled): Promise<void> {
    const { partition, worker, query, clock, logger } = this.#ports;
    const work = new Map<string, (() => void)[]>();
    const add = (instanceId: string, begin: () => void): void => {
      const known = work.get(instanceId);
      if (known) known.push(begin);
      else work.set(instanceId, [begin]);
    };
    for (const instanceId of pulled.recover) add(instanceId, () => partition.recover(instanceId));
    for (const start of pulled.starts) add(start.instanceId, () => partition.begin(start));
    for (const message of pulled.messages) add(message.instanceId, () => partition.take(message));
    const found: FoundWork[] = [...work].map(([instanceId, begins]) => ({
      instanceId,
      begin: () => {
        const progress = partition.progressOf(instanceId);
        for (const begin of begins) begin();
        return progress;
      },
      hold: () => partition.hold(instanceId),
      release: () => partition.release(instanceId),
    }));
    await restartAfterCrash(found, {
      clock,
      logger,
      get: (instanceId) => query.get(instanceId),
      mayRun: (record) => partition.mayRun(record),
      countAttempts: (instanceIds) => worker.countAttempts(instanceIds),
      quarantine: (instanceId, reason) => worker.quarantine(instanceId, reason),
      later: (delayMs, then) => this.#later(delayMs, then),
      isStopped: () => this.#stopped,
    });
  }

  /** A full page may be full of starts that stay: what comes after them must not wait for them. */
  #noteStarts(pulled: Pulled): void {
    if (pulled.starts.length < PAGE) return;
    if (this.#afterStart === undefined) {
      this.#later(ALL_STARTS_MS, () => {
        this.#afterStart = undefined;
        this.pull();
      });
    }
    this.#afterStart = pulled.starts.at(-1);
  }

  #noteRecovered(pulled: Pulled): void {
    this.#recovered = pulled.recover.length < PAGE ? undefined : pulled.recover.at(-1);
    if (this.#recovered === undefined) this.#ports.partition.takenOver();
  }

  #noteTimers(pulled: Pulled): void {
    const { partition, settings } = this.#ports;
    this.#timersAfter = pulled.timers.at(-1) ?? this.#timersAfter;
    this.#moreTimers = pulled.timers.length === PAGE;
    if (this.#moreTimers && partition.timers.size >= settings.maxTimersInMemory) {
      this.#moreTimers = false;
      this.#timersUntil = this.#timersAfter?.dueAt ?? this.#timersUntil;
      partition.timers.horizon = this.#timersUntil;
    }
    if (!this.#moreTimers) this.#later(this.#timeToAdvance(), () => this.#advanceTimers());
  }

  /** Halfway to the horizon it is time for the next stretch. */
  #timeToAdvance(): number {
    return Math.max((this.#timersUntil - this.#ports.clock.now()) / 2, BUSY_WAIT_MS);
  }

  #advanceTimers(): void {
    const { partition, clock, settings } = this.#ports;
    this.#timersUntil = Math.max(clock.now() + settings.timerHorizonMs, this.#timersUntil);
    partition.timers.horizon = this.#timersUntil;
    this.#moreTimers = true;
    this.pull();
  }

  #expectsMore(pulled: Pulled, request: PullRequest): boolean {
    return (
      pulled.messages.length === PAGE ||
      (request.recover !== undefined && this.#recovered !== undefined) ||
      this.#moreTimers ||
      pulled.starts.length === PAGE
    );
  }

  /** What comes a bit at a time is asked for a few milliseconds later, and then together. */
  async #room(next: "more" | "new"): Promise<void> {
    const { partition, clock } = this.#ports;
    await new Promise<void>((resolve) => {
      if (next === "more") clock.soon(resolve);
      else clock.after(BUSY_WAIT_MS, resolve);
    });
    while (!this.#stopped && partition.busyCount > BUSY_LIMIT) {
      await new Promise<void>((resolve) => {
        clock.after(BUSY_WAIT_MS, resolve);
      });
    }
  }

  #later(delayMs: number, then: () => void = () => this.pull()): void {
    const cancel = this.#ports.clock.after(Math.max(delayMs, 0), () => {
      this.#waits.delete(cancel);
      if (!this.#stopped) then();
    });
    this.#waits.add(cancel);
  }
}
