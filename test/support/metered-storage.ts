import type { InstanceRecord, QueryStore, StorageProvider } from "../../src/storage/index.ts";

/** What surfaces ask of a store, counted. */
export interface StoreMeter {
  /** Questions asked so far. */
  reads: number;
  /** What the pages of listings have had on them so far. */
  listed: InstanceRecord[];
  /** Who listens for changes now. */
  listeners: number;
}

/** The same storage, with a count of what is asked of its query stores. */
export function meteredStorage(storage: StorageProvider): {
  readonly storage: StorageProvider;
  readonly meter: StoreMeter;
} {
  const meter: StoreMeter = { reads: 0, listed: [], listeners: 0 };
  const metered: StorageProvider = {
    taskHubs: storage.taskHubs,
    openTaskHub: async (name) => {
      const store = await storage.openTaskHub(name);
      return {
        hub: store.hub,
        client: store.client,
        query: meteredQuery(store.query, meter),
        worker: (identity) => store.worker(identity),
      };
    },
    close: () => storage.close(),
  };
  return { storage: metered, meter };
}

function meteredQuery(query: QueryStore, meter: StoreMeter): QueryStore {
  const read = <T>(answer: T): T => {
    meter.reads += 1;
    return answer;
  };
  return {
    get: (id) => read(query.get(id)),
    list: async (filter, request) => {
      const page = await read(query.list(filter, request));
      meter.listed.push(...page.instances);
      return page;
    },
    listByCompletion: (filter, page) => read(query.listByCompletion(filter, page)),
    count: (filter) => read(query.count(filter)),
    history: (id, fromSeq) => read(query.history(id, fromSeq)),
    messages: (id) => read(query.messages(id)),
    purge: (ids) => query.purge(ids),
    purgeMatching: (filter, batchSize) => query.purgeMatching(filter, batchSize),
    onChange: (listener) => {
      meter.listeners += 1;
      const stop = query.onChange(listener);
      return () => {
        meter.listeners -= 1;
        stop();
      };
    },
  };
}
