import type { Episode, Pulled, TaskHubStore, WorkerStore } from "../../src/storage/index.ts";
import { bound } from "../../src/testing/bound-store.ts";

export type Mutate = (hub: TaskHubStore) => TaskHubStore;

/** The store as a broken engine would use it: each of these has to be noticed. */
export const MUTANTS: Readonly<Record<string, () => Mutate>> = {
  "an owner that was relieved goes on writing": withoutFence,
  "an episode takes messages that its code has not seen": () =>
    episodes(async (episode, { query }) => {
      const waiting = await query.messages(episode.instanceId);
      return { ...episode, consumed: [...new Set([...episode.consumed, ...waiting.map(({ id }) => id)])] };
    }),
  "an episode leaves the messages that its code has seen": () =>
    episodes((episode) => ({ ...episode, consumed: [] })),
  "what an episode sends is lost": () => episodes((episode) => ({ ...episode, messages: [] })),
  "children are not written with the episode that starts them": () =>
    episodes((episode) => ({ ...episode, starts: [] })),
  "timers are not written with the episode that creates them": () =>
    episodes((episode) => ({ ...episode, timersNew: [] })),
  "timers that have fired or were canceled stay": () =>
    episodes((episode) => ({ ...episode, timersDone: [] })),
  "the end of an instance is not in its row": () =>
    episodes(({ patch, ...episode }) =>
      patch?.completedAt === undefined ? { ...episode, ...(patch ? { patch } : {}) } : episode,
    ),
  "patches are not marked": () =>
    episodes((episode) => ({
      ...episode,
      chunk: {
        ...episode.chunk,
        events: JSON.stringify(
          (JSON.parse(episode.chunk.events) as { readonly type: string }[]).filter(
            ({ type }) => type !== "PatchMarked",
          ),
        ),
      },
    })),
  "the version an instance begins with is not in its row": () =>
    episodes(({ patch, ...episode }) => {
      const { version: _, ...rest } = patch ?? {};
      return { ...episode, patch: rest };
    }),
  "results are written before what was asked for": () =>
    episodes((episode) => ({
      ...episode,
      chunk: {
        ...episode.chunk,
        events: JSON.stringify((JSON.parse(episode.chunk.events) as unknown[]).reverse()),
      },
    })),
  "nobody asks what a dead owner had under way": () => pulls((pulled) => ({ ...pulled, recover: [] })),
  "nobody asks which timers a dead owner had": () => pulls((pulled) => ({ ...pulled, timers: [] })),
  "the state of an entity is not written": () =>
    episodes(({ patch, ...episode }) => {
      const { input: _, ...rest } = patch ?? {};
      return { ...episode, patch: episode.create || !episode.snapshot ? (patch ?? {}) : rest };
    }),
  "an operation is consumed before its turn": () =>
    episodes(async (episode, { query }) => {
      if (!episode.snapshot) return episode;
      const waiting = await query.messages(episode.instanceId);
      return { ...episode, consumed: [...new Set([...episode.consumed, ...waiting.map(({ id }) => id)])] };
    }),
  "an entity forgets who has locked it": () =>
    episodes(({ patch, ...episode }) => {
      if (!episode.snapshot || patch?.input === undefined || patch.input === null) {
        return { ...episode, ...(patch ? { patch } : {}) };
      }
      const {
        lockedBy: _,
        criticalSectionId: __,
        ...state
      } = JSON.parse(patch.input) as Record<string, unknown>;
      return { ...episode, patch: { ...patch, input: JSON.stringify(state) } };
    }),
  "the end of a critical section is not told": () =>
    episodes((episode) => ({
      ...episode,
      messages: episode.messages.filter(({ event }) => !event.includes('"EntityUnlock"')),
    })),
  "who asks for a lock is granted it at once": () =>
    episodes((episode) => ({
      ...episode,
      messages: episode.messages.map((message) => {
        const event = JSON.parse(message.event) as {
          readonly type: string;
          readonly holder?: { readonly instanceId: string };
          readonly criticalSectionId?: string;
        };
        if (event.type !== "EntityLock" || event.holder === undefined) return message;
        const { criticalSectionId } = event;
        const granted = { type: "EntityLockGranted", timestamp: message.at, criticalSectionId };
        return { instanceId: event.holder.instanceId, at: message.at, event: JSON.stringify(granted) };
      }),
    })),
  "a signal with a time is lost": () =>
    episodes((episode) => ({
      ...episode,
      messages: episode.messages.filter(({ dueAt }) => dueAt === undefined),
    })),
  "messages are read in the wrong order": () =>
    pulls((pulled) => ({ ...pulled, messages: pulled.messages.toReversed() })),
  "a lost answer is taken for success": () =>
    workers((worker) => ({
      ...worker,
      commit: (written) =>
        worker
          .commit(written.filter((_, index) => index > 0))
          .then((outcomes) => [{ type: "applied", messageIds: [] }, ...outcomes]),
    })),
};

function workers(change: (worker: WorkerStore, hub: TaskHubStore) => WorkerStore): Mutate {
  return (hub) => ({ ...hub, worker: (identity) => change(bound(hub.worker(identity)), hub) });
}

function episodes(change: (episode: Episode, hub: TaskHubStore) => Episode | Promise<Episode>): Mutate {
  return workers((worker, hub) => ({
    ...worker,
    commit: async (written) =>
      worker.commit(await Promise.all(written.map(async (each) => change(each, hub)))),
  }));
}

function pulls(change: (pulled: Pulled) => Pulled): Mutate {
  return workers((worker) => ({ ...worker, pull: async (request) => change(await worker.pull(request)) }));
}

/** Every episode is written in the name of whoever owns its partition now. */
function withoutFence(): Mutate {
  const owners = new Map<number, { readonly worker: WorkerStore; readonly epoch: number }>();
  return workers((worker) => {
    const note = async (asked: Promise<Awaited<ReturnType<WorkerStore["join"]>>>) => {
      const owned = await asked;
      for (const { partition, epoch } of owned) {
        if ((owners.get(partition)?.epoch ?? 0) < epoch) owners.set(partition, { worker, epoch });
      }
      return owned;
    };
    return {
      ...worker,
      join: () => note(worker.join()),
      beat: () => note(worker.beat()),
      commit: async (written) => {
        const outcomes = [];
        for (const episode of written) {
          const owner = owners.get(episode.partition) ?? { worker, epoch: episode.epoch };
          outcomes.push(...(await owner.worker.commit([{ ...episode, epoch: owner.epoch }])));
        }
        return outcomes;
      },
    };
  });
}
