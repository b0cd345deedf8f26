import type { ActivityCall, ActivityOutcome, Executor, RunningActivity } from "./executor.ts";

export interface ScheduledActivityCall extends ActivityCall {
  readonly run: number;
  /** Who wants the outcome; `abortAll` ends what is under way for it. */
  readonly owner: object;
  /** Asked when its turn has come; the activity starts when the answer, if there is one, resolves. */
  readonly beforeStart?: (() => Promise<void> | undefined) | undefined;
}

interface Entry {
  readonly call: ScheduledActivityCall;
  readonly done: (outcome: ActivityOutcome) => void;
  hasTurn: boolean;
  running: RunningActivity | undefined;
  aborted: boolean;
}

/**
 * Starts activities whose scheduling is committed, so many at a time, first come first served; those that run elsewhere
 * at once.
 *
 * An activity that is known here is not started a second time, and the outcome of an aborted one goes nowhere.
 */
export class ActivityDispatcher {
  readonly #executor: Executor;
  readonly #limit: number;
  readonly #entries = new Map<number, Map<number, Entry>>();
  #waiting: Entry[] = [];
  #next = 0;
  #running = 0;
  #closed = false;

  constructor(executor: Executor, limit: number) {
    this.#executor = executor;
    this.#limit = limit;
  }

  get runningCount(): number {
    return this.#running;
  }

  /** Runs the activity when its turn comes. False when it is known already. */
  start(call: ScheduledActivityCall, done: (outcome: ActivityOutcome) => void): boolean {
    const ofRun = this.#entries.get(call.run);
    if (ofRun?.has(call.taskId)) return false;
    const entry: Entry = { call, done, hasTurn: false, running: undefined, aborted: false };
    if (ofRun) ofRun.set(call.taskId, entry);
    else this.#entries.set(call.run, new Map([[call.taskId, entry]]));
    if (this.#closed) return true;
    if (!this.#executor.runsHere("activity", call.name)) this.#send(entry);
    else if (this.#running < this.#limit && this.#next >= this.#waiting.length) this.#launch(entry);
    else this.#waiting.push(entry);
    return true;
  }

  isKnown(run: number, taskId: number): boolean {
    return this.#entries.get(run)?.has(taskId) ?? false;
  }

  /** What stands in the way of an activity that is known here. */
  waitsFor(run: number, taskId: number): "worker" | "slot" | undefined {
    const running = this.#entries.get(run)?.get(taskId)?.running;
    return running === undefined ? "slot" : running.waitsFor;
  }

  /** Whether an activity of this run is running, or about to. */
  isAnyRunning(run: number): boolean {
    const ofRun = this.#entries.get(run);
    if (ofRun === undefined) return false;
    for (const entry of ofRun.values()) if (entry.hasTurn) return true;
    return false;
  }

  /** The orchestration has ended without these activities. */
  abortRun(run: number, reason: string): void {
    const entries = this.#entries.get(run);
    if (entries === undefined) return;
    for (const entry of entries.values()) {
      entry.aborted = true;
      entry.running?.abort(reason);
    }
    this.#entries.delete(run);
  }

  /** The owner is gone, and what its activities come to is of no use to anyone. */
  abortAll(owner: object, reason: string): void {
    for (const { call } of this.#all()) if (call.owner === owner) this.abortRun(call.run, reason);
  }

  /** Starts nothing any more; what runs is waited for until `deadline` resolves, then asked to stop. */
  async drain(deadline: Promise<void>): Promise<void> {
    this.#closed = true;
    const running = this.#all().flatMap((entry) => entry.running ?? []);
    const outcomes = running.flatMap(({ waitsFor, outcome }) => (waitsFor === undefined ? outcome : []));
    await Promise.race([Promise.allSettled(outcomes), deadline]);
    for (const entry of this.#all()) {
      entry.aborted = true;
      entry.running?.abort("the host is stopping");
    }
  }

  #all(): readonly Entry[] {
    return [...this.#entries.values()].flatMap((ofRun) => [...ofRun.values()]);
  }

  /** Where it runs, others look after it when a process dies. */
  #send(entry: Entry): void {
    const running = this.#executor.startActivity(entry.call);
    entry.running = running;
    void running.outcome.then((outcome) => {
      if (entry.aborted) return;
      this.#forget(entry);
      entry.done(outcome);
    });
  }

  #launch(entry: Entry): void {
    this.#running += 1;
    entry.hasTurn = true;
    const awaited = entry.call.beforeStart?.();
    if (awaited === undefined) this.#run(entry);
    else void awaited.then(() => (entry.aborted || this.#closed ? this.#leave() : this.#run(entry)));
  }

  #run(entry: Entry): void {
    const running = this.#executor.startActivity(entry.call);
    entry.running = running;
    void running.outcome.then((outcome) => this.#finished(entry, outcome));
  }

  #finished(entry: Entry, outcome: ActivityOutcome): void {
    if (!entry.aborted) {
      this.#forget(entry);
      entry.done(outcome);
    }
    this.#leave();
  }

  #leave(): void {
    this.#running -= 1;
    this.#launchNext();
  }

  #launchNext(): void {
    while (!this.#closed && this.#running < this.#limit && this.#next < this.#waiting.length) {
      const entry = this.#waiting[this.#next++] as Entry;
      if (!entry.aborted) this.#launch(entry);
    }
    if (this.#next > 1_024 && this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }

  #forget(entry: Entry): void {
    const ofRun = this.#entries.get(entry.call.run);
    ofRun?.delete(entry.call.taskId);
    if (ofRun?.size === 0) this.#entries.delete(entry.call.run);
  }
}
