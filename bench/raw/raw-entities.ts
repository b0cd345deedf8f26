import type Database from "better-sqlite3";
import { openRaw } from "./open-raw.ts";

interface RawEntity {
  readonly run: number;
  readonly name: string;
  seq: number;
  state: string;
  /** Messages it has not taken yet, by the number of their row. */
  readonly queue: { readonly id: number | bigint; readonly operation: string }[];
  /** Whoever waits for the lock, first come first served. */
  readonly waiting: (() => void)[];
  isLocked: boolean;
  isDue: boolean;
}

interface Write {
  readonly rows: () => void;
  readonly after: () => void;
}

/**
 * The smallest program that keeps entities in Perdure's tables: a message is a row before it is acknowledged, operations
 * run on the JSON text of the state, and the state, its snapshot and the messages that are done are one commit. Commits are
 * grouped. No plan of whose turn it is, no rollback, no recovery.
 */
export class RawEntities {
  readonly #database: Database.Database;
  readonly #send: Database.Statement;
  readonly #done: Database.Statement;
  readonly #create: Database.Statement;
  readonly #name: Database.Statement;
  readonly #snapshot: Database.Statement;
  readonly #firstSnapshot: Database.Statement;
  readonly #state: Database.Statement;
  readonly #history: Database.Statement;
  readonly #end: Database.Statement;
  readonly #entities = new Map<string, RawEntity>();
  #queue: Write[] = [];
  #scheduled = false;
  #runs = 0;

  constructor(folder: string) {
    const database = openRaw(folder);
    this.#database = database;
    this.#send = database.prepare(
      "insert into inbox (part, instance_id, at, event) values (1024, ?, ?, ?) on conflict do nothing",
    );
    this.#done = database.prepare("delete from inbox where id = ?");
    this.#name = database.prepare("insert into instance_ids (hub_id, instance_id, run) values (1, ?, ?)");
    this.#create = database.prepare(
      `insert into instances (run, hub_id, part, instance_id, execution_id, name, status, created_at, recover)
       values (?, 1, 1024, ?, ?, 'counter', 0, ?, 0)`,
    );
    this.#firstSnapshot = database.prepare(
      "insert into history (place, at, event_count, events) values (? << 24, ?, 3, ?)",
    );
    this.#snapshot = database.prepare(
      "update history set place = place + 1, at = ?, events = ?, effects = null where place = (? << 24 | ?)",
    );
    this.#state = database.prepare("update instances set input = ? where run = ?");
    this.#history = database.prepare(
      "insert into history (place, at, event_count, events) values ((? << 24 | ?), ?, 4, ?)",
    );
    this.#end = database.prepare(
      "update instances set status = 1, output = ?, completed_at = ? where run = ?",
    );
  }

  close(): void {
    this.#database.close();
  }

  stateOf(name: string): number {
    return JSON.parse(this.#entities.get(name)?.state ?? "0") as number;
  }

  /** Resolves when the message is durable. */
  signal(name: string, operation: string): Promise<void> {
    const entity = this.#entity(name);
    let id: number | bigint = 0;
    return this.#commit(
      () => {
        id = this.#send.run(name, Date.now(), operation).lastInsertRowid;
      },
      () => {
        entity.queue.push({ id, operation });
        this.#due(entity);
      },
    );
  }

  /** Moves an amount under the locks of both, each step durable before the next. */
  async transfer(from: string, to: string, amount: number): Promise<void> {
    const run = this.#newInstance();
    const accounts = [from, to].sort().map((name) => this.#entity(name));
    let seq = 0;
    const step = (): Promise<void> =>
      this.#commit(() => {
        this.#history.run(run, seq++, Date.now(), EVENTS);
        this.#message("orchestration");
      });
    await step();
    for (const account of accounts) {
      await this.#locked(account);
      await this.#change(account, (state) => state);
    }
    await step();
    const [paying, paid] = [this.#entity(from), this.#entity(to)];
    await this.#change(paying, (state) => state);
    await step();
    await this.#change(paying, (state) => state - amount);
    await step();
    await this.#change(paid, (state) => state + amount);
    await this.#commit(() => {
      this.#history.run(run, seq, Date.now(), EVENTS);
      this.#end.run("true", Date.now(), run);
      for (const { name } of accounts) this.#message(name);
    });
    await Promise.all(accounts.map((account) => this.#change(account, (state) => state)));
    for (const account of accounts) this.#unlock(account);
  }

  #entity(name: string): RawEntity {
    const known = this.#entities.get(name);
    if (known) return known;
    const run = ++this.#runs;
    const entity = {
      run,
      name,
      seq: -1,
      state: "0",
      queue: [],
      waiting: [],
      isLocked: false,
      isDue: false,
    };
    this.#entities.set(name, entity);
    return entity;
  }

  #newInstance(): number {
    const run = ++this.#runs;
    const id = crypto.randomUUID();
    void this.#commit(() => {
      this.#name.run(id, run);
      this.#create.run(run, id, id, Date.now());
    });
    return run;
  }

  /** A message that one instance sends to another: written with the sender's episode, and gone with the receiver's. */
  #message(instanceId: string): void {
    const { lastInsertRowid } = this.#send.run(instanceId, Date.now(), EVENTS);
    this.#done.run(lastInsertRowid);
  }

  #locked(entity: RawEntity): Promise<void> {
    if (!entity.isLocked) {
      entity.isLocked = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      entity.waiting.push(resolve);
    });
  }

  #unlock(entity: RawEntity): void {
    const next = entity.waiting.shift();
    if (next) next();
    else entity.isLocked = false;
  }

  #change(entity: RawEntity, operate: (state: number) => number): Promise<void> {
    return this.#commit(() => {
      entity.state = JSON.stringify(operate(JSON.parse(entity.state) as number));
      this.#keep(entity);
      this.#message(entity.name);
    });
  }

  #due(entity: RawEntity): void {
    if (entity.isDue) return;
    entity.isDue = true;
    setImmediate(() => {
      entity.isDue = false;
      const messages = entity.queue.splice(0);
      void this.#commit(() => {
        for (const { operation } of messages) {
          const event = JSON.parse(operation) as { readonly input: number };
          entity.state = JSON.stringify((JSON.parse(entity.state) as number) + event.input);
        }
        this.#keep(entity);
        for (const { id } of messages) this.#done.run(id);
      });
    });
  }

  #keep(entity: RawEntity): void {
    const at = Date.now();
    const seq = ++entity.seq;
    if (seq === 0) {
      this.#name.run(entity.name, entity.run);
      this.#create.run(entity.run, entity.name, entity.name, at);
      this.#firstSnapshot.run(entity.run, at, EVENTS);
    } else this.#snapshot.run(at, EVENTS, entity.run, seq - 1);
    this.#state.run(JSON.stringify({ exists: true, state: entity.state }), entity.run);
  }

  #commit(rows: () => void, after: () => void = () => undefined): Promise<void> {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return new Promise((resolve) => {
      this.#queue.push({
        rows,
        after: () => {
          after();
          resolve();
        },
      });
    });
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#queue.slice(0, MAX_BATCH);
    this.#queue = this.#queue.slice(MAX_BATCH);
    this.#database.transaction(() => {
      for (const write of batch) write.rows();
    })();
    for (const write of batch) write.after();
    if (this.#queue.length > 0 && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
  }
}

/** As many writes in one commit as the store takes at most from clients. */
const MAX_BATCH = 500;

const EVENTS = JSON.stringify([
  { type: "ExecutionStarted", instanceId: "@counter@a", executionId: "0".repeat(32), name: "counter" },
]);
