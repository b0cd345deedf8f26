import type { CommitOutcome, HistoryChunk } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { isOfRun, placeOf, SEQ_OF_PLACE } from "./history-places.ts";

/** What a commit answers beside its type. */
export type CommitEffects = Omit<Extract<CommitOutcome, { readonly messageIds: readonly number[] }>, "type">;

interface ChunkRow {
  readonly seq: number;
  readonly at: number;
  readonly event_count: number;
  readonly events: string;
}

const PLACE = placeOf("?", "?");

const NO_EFFECTS: CommitEffects = { messageIds: [] };

/** The chunks of each run. */
export class HistoryTable {
  readonly #insert: Statement;
  readonly #replace: Statement;
  readonly #setEffects: Statement;
  readonly #find: Statement<{
    readonly at: number;
    readonly events: string;
    readonly effects: string | null;
  }>;
  readonly #read: Statement<ChunkRow>;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#insert = database.prepare(
      `insert into history (place, at, event_count, events) values (${PLACE}, ?, ?, ?) on conflict do nothing`,
    );
    this.#replace = database.prepare(
      `update history set place = place + 1, at = ?, event_count = ?, events = ?, effects = null where place = ${PLACE}`,
    );
    this.#setEffects = database.prepare(`update history set effects = ? where place = ${PLACE}`);
    this.#find = database.prepare(`select at, events, effects from history where place = ${PLACE}`);
    this.#read = database.prepare(
      `select ${SEQ_OF_PLACE} as seq, at, event_count, events from history
       where ${isOfRun("place", "?", "?")} order by place limit ?`,
    );
    this.#delete = database.prepare(`delete from history where ${isOfRun("place", "?")}`);
  }

  /** False when the place is taken. */
  append(run: number, chunk: HistoryChunk): boolean {
    return this.#insert.run(run, chunk.seq, chunk.at, chunk.eventCount, chunk.events).changes > 0;
  }

  /** Puts the chunk in the place of the one before it. False when that is not there. */
  replace(run: number, { seq, at, eventCount, events }: HistoryChunk): boolean {
    return this.#replace.run(at, eventCount, events, run, seq - 1).changes > 0;
  }

  has(run: number, seq: number): boolean {
    return this.#find.get(run, seq) !== undefined;
  }

  keepEffects(run: number, seq: number, effects: CommitEffects): void {
    this.#setEffects.run(JSON.stringify(effects), run, seq);
  }

  /** What the commit of this very chunk answered; `undefined` when the place is empty or holds another one. */
  effectsOf(run: number, chunk: HistoryChunk): CommitEffects | undefined {
    const row = this.#find.get(run, chunk.seq);
    if (row === undefined || row.at !== chunk.at || row.events !== chunk.events) return undefined;
    return row.effects === null ? NO_EFFECTS : (JSON.parse(row.effects) as CommitEffects);
  }

  read(run: number, fromSeq: number, limit: number): readonly HistoryChunk[] {
    const rows = this.#read.all(run, fromSeq, run, limit);
    return rows.map(({ seq, at, event_count: eventCount, events }) => ({ seq, at, eventCount, events }));
  }

  /** How many rows there were. */
  delete(run: number): number {
    return this.#delete.run(run, run).changes;
  }
}
