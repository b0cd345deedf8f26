import { openHub } from "../hub.ts";
import { RawEntities } from "../raw/raw-entities.ts";
import { timed } from "../statistics.ts";
import type { Workload } from "../workload.ts";

const WARM_UP_ROUNDS = 2;
const SIGNALS_OF_EACH = 100;
const ACCOUNTS = 10;
const OPERATION = JSON.stringify({
  type: "EntityOperation",
  timestamp: Date.now(),
  requestId: crypto.randomUUID(),
  operation: "add",
  input: 1,
});

/** Signals sent all at once to a number of entities; over when each state says that all have taken effect. */
function signals(title: string, defaultN: number, ofEach: (n: number) => number): Workload {
  const namesOf = (n: number, round: number): readonly string[] =>
    Array.from({ length: Math.ceil(n / ofEach(n)) }, (_, index) => `${round}-${index}`);
  return {
    title,
    defaultN,
    better: "lower",
    perdure: async ({ n, folder }) => {
      const { client, counter, close } = await openHub(folder);
      const round = async (number: number): Promise<void> => {
        const names = namesOf(n, number);
        const idAt = (index: number) => counter.id(names[index % names.length] ?? "");
        await Promise.all(
          Array.from({ length: n }, (_, index) => client.signalEntity(idAt(index), "add", 1)),
        );
        const isDone = async (index: number): Promise<boolean> =>
          (await client.readEntityState(idAt(index))).entityState === ofEach(n);
        for (const index of names.keys()) while (!(await isDone(index))) await soon();
      };
      for (let index = 0; index < WARM_UP_ROUNDS; index++) await round(index);
      const ms = await timed(() => round(WARM_UP_ROUNDS));
      await close();
      return { "all s": ms / 1_000, "signals/s": (n * 1_000) / ms };
    },
    raw: async ({ n, folder }) => {
      const entities = new RawEntities(folder);
      const round = async (number: number): Promise<void> => {
        const names = namesOf(n, number);
        await Promise.all(
          Array.from({ length: n }, (_, index) =>
            entities.signal(names[index % names.length] ?? "", OPERATION),
          ),
        );
        for (const name of names) while (entities.stateOf(name) < ofEach(n)) await soon();
      };
      for (let index = 0; index < WARM_UP_ROUNDS; index++) await round(index);
      const ms = await timed(() => round(WARM_UP_ROUNDS));
      entities.close();
      return { "all s": ms / 1_000, "signals/s": (n * 1_000) / ms };
    },
  };
}

const soon = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export const w8 = signals("one entity taking signals, all sent at once", 10_000, (n) => n);

export const w9 = signals("1,000 entities taking 100 signals each", 100_000, () => SIGNALS_OF_EACH);

/** From one account to another one, never the same. */
function pairOf(index: number): readonly [string, string] {
  const from = index % ACCOUNTS;
  const to = (from + 1 + (index % (ACCOUNTS - 1))) % ACCOUNTS;
  return [`a${from}`, `a${to}`];
}

export const w10: Workload = {
  title: "transfers among 10 accounts, each under the locks of two",
  defaultN: 200,
  better: "lower",
  perdure: async ({ n, folder }) => {
    const { client, close } = await openHub(folder);
    const round = async (): Promise<void> => {
      const ids = await Promise.all(
        Array.from({ length: n }, (_, index) =>
          client.startNew("transfer", { input: [...pairOf(index), 1] }),
        ),
      );
      await Promise.all(ids.map((id) => client.waitForCompletion(id)));
    };
    for (let index = 0; index < WARM_UP_ROUNDS; index++) await round();
    const ms = await timed(round);
    await close();
    return { "all s": ms / 1_000, "transfers/s": (n * 1_000) / ms };
  },
  raw: async ({ n, folder }) => {
    const entities = new RawEntities(folder);
    const round = async (): Promise<void> => {
      await Promise.all(Array.from({ length: n }, (_, index) => entities.transfer(...pairOf(index), 1)));
    };
    for (let index = 0; index < WARM_UP_ROUNDS; index++) await round();
    const ms = await timed(round);
    entities.close();
    return { "all s": ms / 1_000, "transfers/s": (n * 1_000) / ms };
  },
};
