import {
  type ClientStore,
  type Episode,
  OutcomeUnknownError,
  type QueryStore,
  StorageUnavailableError,
  type TaskHubStore,
  type WorkerStore,
} from "../../src/storage/index.ts";
import type { Process, Simulation } from "./simulation.ts";

export interface StoreFaults {
  /** How many calls of a hundred are lost before, and how many after they were carried out. */
  lossRate: number;
}

/** For writes that are no news to others; now and then they wake them all the same. */
const QUIETLY = false;
const SPURIOUS = 0.05;

type Method = (...args: never[]) => Promise<unknown>;

interface Listener {
  readonly process: Process;
  readonly hears: "everybody" | "others";
  readonly call: () => void;
  pending: boolean;
}

/** Tells the listeners of one hub, in their processes and at a time of the seed's choosing, that it was written to. */
export class Wakes {
  readonly #simulation: Simulation;
  readonly #listeners = new Set<Listener>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  add(process: Process, hears: Listener["hears"], call: () => void): () => void {
    const listener: Listener = { process, hears, call, pending: false };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Who knows of the write may be told of it or not: it is told only when it does not know. */
  announce(writer?: Process): void {
    for (const listener of this.#listeners) {
      if (listener.pending || !listener.process.isAlive) continue;
      if (listener.hears === "others" && listener.process === writer) continue;
      listener.pending = true;
      this.#simulation.schedule(listener.process, "wake", 0, () => {
        listener.pending = false;
        if (this.#listeners.has(listener)) listener.call();
      });
    }
  }
}

/** One process's connection to a task hub: the same interface, where every call waits for its turn and may be lost. */
export class SimulatedConnection {
  readonly #process: Process;
  readonly #simulation: Simulation;
  readonly #wakes: Wakes;
  readonly #faults: StoreFaults;

  constructor(process: Process, simulation: Simulation, wakes: Wakes, faults: StoreFaults) {
    this.#process = process;
    this.#simulation = simulation;
    this.#wakes = wakes;
    this.#faults = faults;
  }

  open(hub: TaskHubStore): TaskHubStore {
    return {
      hub: hub.hub,
      client: this.#client(hub.client),
      query: this.#query(hub.query),
      worker: (identity) => this.#worker(hub.worker(identity)),
    };
  }

  #client(store: ClientStore): ClientStore {
    return {
      create: this.#write("create", store.create.bind(store)),
      restore: this.#write("restore", store.restore.bind(store)),
      send: this.#write("send", store.send.bind(store)),
    };
  }

  #query(store: QueryStore): QueryStore {
    return {
      get: this.#read("get", store.get.bind(store)),
      list: this.#read("list", store.list.bind(store)),
      listByCompletion: this.#read("listByCompletion", store.listByCompletion.bind(store)),
      count: this.#read("count", store.count.bind(store)),
      history: (instanceId, fromSeq) => this.#each("history", () => store.history(instanceId, fromSeq)),
      messages: this.#read("messages", store.messages.bind(store)),
      purge: this.#write("purge", store.purge.bind(store)),
      purgeMatching: (filter, size) => this.#each("purgeMatching", () => store.purgeMatching(filter, size)),
      onChange: (listener) => this.#wakes.add(this.#process, "everybody", listener),
    };
  }

  #worker(store: WorkerStore): WorkerStore {
    return {
      join: this.#write("join", store.join.bind(store), QUIETLY),
      beat: this.#write("beat", store.beat.bind(store), QUIETLY),
      leave: this.#write("leave", store.leave.bind(store)),
      allocateRuns: this.#write("allocateRuns", store.allocateRuns.bind(store), QUIETLY),
      pull: this.#read("pull", store.pull.bind(store)),
      load: this.#read("load", store.load.bind(store)),
      commit: this.#write("commit", store.commit.bind(store)),
      discard: this.#write("discard", store.discard.bind(store), QUIETLY),
      countAttempts: this.#write("countAttempts", store.countAttempts.bind(store), QUIETLY),
      takeBackAttempts: this.#write("takeBackAttempts", store.takeBackAttempts.bind(store), QUIETLY),
      quarantine: this.#write("quarantine", store.quarantine.bind(store)),
      onWake: (listener) => this.#wakes.add(this.#process, "others", listener),
    };
  }

  #read<M extends Method>(name: string, method: M): M {
    const call = async (...args: Parameters<M>): Promise<unknown> => {
      const label = `${name}${subjectOf(args[0])}`;
      await this.#turn(`${label} >`);
      const answer = await this.#simulation.atWork(() => method(...args));
      await this.#turn(`${label} <`);
      return answer;
    };
    return call as M;
  }

  #write<M extends Method>(name: string, method: M, wakes = true): M {
    const call = async (...args: Parameters<M>): Promise<unknown> => {
      const label = `${name}${subjectOf(args[0])}`;
      await this.#turn(`${label} >`);
      const answer = await this.#simulation.atWork(() => method(...args));
      if (wakes || this.#simulation.random.chance(SPURIOUS)) this.#wakes.announce(this.#process);
      await this.#simulation.park(this.#process, `${label} <`);
      if (!this.#isLost()) return answer;
      this.#wakes.announce();
      throw new OutcomeUnknownError(name, new Error("connection lost after the call"));
    };
    return call as M;
  }

  async *#each<T>(name: string, method: () => AsyncIterable<T>): AsyncIterable<T> {
    await this.#turn(`${name} >`);
    const items = method()[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#simulation.atWork(() => items.next());
      if (next.done) break;
      await this.#turn(`${name} <`);
      yield next.value;
    }
    this.#wakes.announce(this.#process);
  }

  async #turn(label: string): Promise<void> {
    await this.#simulation.park(this.#process, label);
    if (!this.#isLost()) return;
    this.#simulation.note(`${this.#process.name} has lost its connection`);
    throw new StorageUnavailableError(label, new Error("connection lost"));
  }

  #isLost(): boolean {
    return this.#faults.lossRate > 0 && this.#simulation.random.chance(this.#faults.lossRate);
  }
}

/** What a call is about, for the trace: the instances it names. */
function subjectOf(argument: unknown): string {
  if (typeof argument === "string") return ` ${argument}`;
  if (Array.isArray(argument)) return argument.map((each: unknown) => subjectOf(each)).join("");
  if (typeof argument !== "object" || argument === null || !("instanceId" in argument)) return "";
  const place = "chunk" in argument ? placeOf(argument as Episode) : "";
  return ` ${String(argument.instanceId)}${place}`;
}

function placeOf({ run, chunk, nextRun }: Episode): string {
  return `@${run}${nextRun ? `->${nextRun.run}` : ""}#${chunk.seq}`;
}
