import type Database from "better-sqlite3";
import { openRaw } from "./open-raw.ts";

/** What a raw program waits for. */
export type RawWait =
  | { readonly kind: "calls"; readonly inputs: readonly string[] }
  | { readonly kind: "event" }
  | { readonly kind: "timer"; readonly dueAt: number };

export type RawProgram = () => Generator<RawWait, unknown, unknown>;

interface RawInstance {
  readonly run: number;
  readonly id: string;
  readonly generator: Generator<RawWait, unknown, unknown>;
  readonly done: (value: unknown) => void;
  seq: number;
  nextTask: number;
}

interface Write {
  readonly rows: () => void;
  readonly after: () => void;
}

/** As many episodes in one commit as the engine takes at most. */
const MAX_BATCH = 256;
const RUNNING = 0;
const COMPLETED = 1;

/**
 * The smallest program of Perdure's shape: a generator for each instance, events as JSON, the same rows in the same
 * tables, every result committed before the next step starts, and group commit. No replay, no recovery, no timers in the
 * store's order, no checks: what is left of the time is the ceiling.
 */
export class RawHub {
  readonly #database: Database.Database;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #insertId: Database.Statement;
  readonly #insertInstance: Database.Statement;
  readonly #insertHistory: Database.Statement;
  readonly #complete: Database.Statement;
  readonly #insertTimer: Database.Statement;
  readonly #deleteTimer: Database.Statement;
  readonly #activity = async (city: string): Promise<string> => `Hello, ${city}!`;
  #queue: Write[] = [];
  #scheduled = false;
  #runs = 0;

  constructor(folder: string) {
    const database = openRaw(folder);
    this.#database = database;
    this.#begin = database.prepare("begin immediate");
    this.#commit = database.prepare("commit");
    this.#insertId = database.prepare(
      "insert into instance_ids (hub_id, instance_id, run) values (1, ?, ?) on conflict do nothing",
    );
    this.#insertInstance = database.prepare(
      `insert into instances (run, hub_id, part, instance_id, execution_id, name, status, created_at, recover)
       values (?, 1, 1024, ?, ?, 'sequence', ${RUNNING}, ?, ?)`,
    );
    this.#insertHistory = database.prepare(
      "insert into history (place, at, event_count, events) values ((? << 24 | ?), ?, ?, ?) on conflict do nothing",
    );
    this.#complete = database.prepare(
      `update instances set status = ${COMPLETED}, output = ?, recover = 0, completed_at = ? where run = ?`,
    );
    this.#insertTimer = database.prepare("insert into timers (part, due_at, run, id) values (1024, ?, ?, 0)");
    this.#deleteTimer = database.prepare(
      "delete from timers where part = 1024 and due_at = ? and run = ? and id = 0",
    );
  }

  /** Begins an instance; `started` resolves when that is durable. */
  start(program: RawProgram): RawHandle {
    const run = ++this.#runs;
    const id = crypto.randomUUID().replaceAll("-", "");
    const handle = new RawHandle();
    const instance: RawInstance = {
      run,
      id,
      generator: program(),
      done: handle.resolveDone,
      seq: 0,
      nextTask: 0,
    };
    handle.raise = (payload) =>
      this.#resume(instance, payload, [{ type: "EventRaised", name: "go", input: payload }]);
    const at = Date.now();
    this.#advance(
      instance,
      undefined,
      [{ type: "ExecutionStarted", instanceId: id, executionId: id, name: "sequence" }],
      {
        rows: () => {
          this.#insertId.run(id, run);
          this.#insertInstance.run(run, id, id, at, 1);
        },
        after: handle.resolveStarted,
      },
    );
    return handle;
  }

  close(): void {
    this.#database.close();
  }

  #resume(instance: RawInstance, value: unknown, events: readonly object[], extra?: Write): void {
    this.#advance(instance, value, events, extra);
  }

  #advance(instance: RawInstance, value: unknown, happened: readonly object[], extra?: Write): void {
    const at = Date.now();
    const next = instance.generator.next(value);
    const events = [...happened];
    const wait = next.done ? undefined : next.value;
    const first = instance.nextTask;
    if (wait?.kind === "calls") {
      for (const input of wait.inputs) {
        events.push({
          type: "TaskScheduled",
          eventId: instance.nextTask++,
          name: "sayHello",
          input: JSON.stringify(input),
        });
      }
    }
    if (wait?.kind === "timer") events.push({ type: "TimerCreated", eventId: 0, fireAt: wait.dueAt });
    if (next.done)
      events.push({ type: "ExecutionCompleted", eventId: instance.nextTask, status: "Completed" });
    const text = JSON.stringify(events);
    const seq = instance.seq++;
    this.#push({
      rows: () => {
        extra?.rows();
        this.#insertHistory.run(instance.run, seq, at, events.length + 2, text);
        if (wait?.kind === "timer") this.#insertTimer.run(wait.dueAt, instance.run);
        if (next.done) this.#complete.run(JSON.stringify(next.value), at, instance.run);
      },
      after: () => {
        extra?.after();
        if (next.done) instance.done(next.value);
        else if (wait) this.#wait(instance, wait, first);
      },
    });
  }

  #wait(instance: RawInstance, wait: RawWait, first: number): void {
    switch (wait.kind) {
      case "calls":
        return this.#call(instance, wait.inputs, first);
      case "timer": {
        const { dueAt } = wait;
        setTimeout(() => {
          this.#resume(instance, undefined, [{ type: "TimerFired", timerId: 0, fireAt: dueAt }], {
            rows: () => this.#deleteTimer.run(dueAt, instance.run),
            after: () => undefined,
          });
        }, dueAt - Date.now());
        return;
      }
      case "event":
        return;
    }
  }

  #call(instance: RawInstance, inputs: readonly string[], first: number): void {
    const results: string[] = [];
    const events: object[] = [];
    let open = inputs.length;
    inputs.forEach((input, index) => {
      void this.#activity(input).then((result) => {
        results[index] = result;
        events.push({
          type: "TaskCompleted",
          taskScheduledId: first + index,
          result: JSON.stringify(result),
        });
        open -= 1;
        if (open === 0) this.#resume(instance, inputs.length === 1 ? result : results, events);
      });
    });
  }

  #push(write: Write): void {
    this.#queue.push(write);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#queue.slice(0, MAX_BATCH);
    this.#queue = this.#queue.slice(MAX_BATCH);
    this.#begin.run();
    for (const write of batch) write.rows();
    this.#commit.run();
    for (const write of batch) write.after();
    if (this.#queue.length > 0) this.#schedule();
  }
}

/** One raw instance, seen from outside. */
export class RawHandle {
  readonly started: Promise<void>;
  readonly done: Promise<unknown>;
  resolveStarted: () => void = () => undefined;
  resolveDone: (value: unknown) => void = () => undefined;
  raise: (payload: string) => void = () => undefined;

  constructor() {
    this.started = new Promise((resolve) => {
      this.resolveStarted = resolve;
    });
    this.done = new Promise((resolve) => {
      this.resolveDone = resolve;
    });
  }
}
