import { TERMINAL_STATUSES } from "../../core/orchestration-status.ts";
import type { CommitOutcome, Episode, HistoryChunk } from "../../storage/index.ts";
import type { MemoryHub } from "./memory-hub.ts";
import {
  type CommitEffects,
  type MemoryInstance,
  nextRunRecord,
  patchedRecord,
  type WrittenChunk,
} from "./memory-instance.ts";

/** Writes the episodes of one worker in their order; see CommitOutcome for what may become of each. */
export function commitEpisodes(
  hub: MemoryHub,
  workerId: string,
  episodes: readonly Episode[],
): readonly CommitOutcome[] {
  const broken = new Set<number>();
  return episodes.map((episode) => {
    const outcome: CommitOutcome = broken.has(episode.run)
      ? { type: "conflict" }
      : commitEpisode(hub, workerId, episode);
    if (outcome.type !== "applied" && outcome.type !== "already") broken.add(episode.run);
    return outcome;
  });
}

function commitEpisode(hub: MemoryHub, workerId: string, episode: Episode): CommitOutcome {
  if (!hub.leases.holds(workerId, episode.partition, episode.epoch)) return { type: "fenced" };
  if (episode.removes) return remove(hub, episode);
  const refusal = refusalOf(hub, episode);
  if (refusal) return refusal;
  const error = unwritable(episode);
  if (error) return { type: "rejected", error };
  return write(hub, episode);
}

/** Everything that can stand in the way of an episode, found before anything is written. */
function refusalOf(hub: MemoryHub, episode: Episode): CommitOutcome | undefined {
  const { instanceId, run, create, chunk, nextRun } = episode;
  const instance = hub.get(instanceId);
  if (instance && instance.record.run === nextRun?.run)
    return takenBy(instance, chunk) ?? { type: "conflict" };
  if (instance?.record.run === run) return nextRun ? undefined : misplaced(instance, episode);
  if (create === undefined) return { type: "gone" };
  if (instance === undefined || create.replaces.includes(instance.record.status)) return undefined;
  return { type: "exists", status: instance.record.status };
}

/** The answer when the place in the history is taken: by this very chunk, or by another. */
function takenBy(instance: MemoryInstance, chunk: HistoryChunk): CommitOutcome | undefined {
  const written = instance.history.get(chunk.seq);
  if (written === undefined) return undefined;
  const isSame = written.chunk.at === chunk.at && written.chunk.events === chunk.events;
  return isSame ? { ...written.effects, type: "already" } : { type: "conflict" };
}

/** The answer when the chunk cannot go where it is to go. */
function misplaced(
  instance: MemoryInstance,
  { chunk, snapshot, create }: Episode,
): CommitOutcome | undefined {
  const taken = takenBy(instance, chunk);
  if (taken || !snapshot || create) return taken;
  return instance.history.has(chunk.seq - 1) ? undefined : { type: "conflict" };
}

function remove(hub: MemoryHub, { instanceId, run, chunk, consumed }: Episode): CommitOutcome {
  const [fence] = consumed;
  if (fence === undefined || !hub.hasMessage(fence)) return { type: "already", messageIds: [] };
  const instance = hub.get(instanceId);
  if (instance?.record.run === run) {
    if (!instance.history.has(chunk.seq - 1)) return { type: "conflict" };
    hub.removeEntity(instanceId);
  }
  for (const id of consumed) hub.deleteMessage(id);
  return { type: "applied", messageIds: [] };
}

/** The reference store takes what every store can take: text. */
function unwritable({ instanceId, chunk, nextRun, messages }: Episode): Error | undefined {
  const texts: readonly unknown[] = [
    chunk.events,
    nextRun?.rewritten?.events ?? "",
    ...messages.map((message) => message.event),
  ];
  if (texts.every((text) => typeof text === "string")) return undefined;
  return new TypeError(`The episode of "${instanceId}" has events that are not text.`);
}

function write(hub: MemoryHub, episode: Episode): CommitOutcome {
  const { instanceId, chunk, create, nextRun, patch } = episode;
  if (create && hub.get(instanceId)?.record.run !== episode.run) {
    hub.makeRoom(instanceId, create.replaces);
    hub.insert(create.instance);
  }
  const before = hub.get(instanceId);
  if (before === undefined) return { type: "gone" };
  const moved = nextRun ? nextRunRecord(before.record, nextRun) : before.record;
  const patched = patch ? patchedRecord(moved, patch) : moved;
  const history = nextRun || episode.snapshot ? new Map<number, WrittenChunk>() : before.history;
  if (nextRun) hub.deleteTimersOf(episode.run);
  const effects = release(hub, episode);
  if (nextRun?.rewritten) history.set(nextRun.rewritten.seq, { chunk: nextRun.rewritten, effects });
  history.set(chunk.seq, { chunk, effects });
  const record = { ...patched, lastUpdatedAt: Math.max(patched.createdAt, chunk.at), attempts: 0 };
  hub.put({ ...before, record, history });
  return { type: "applied", ...effects };
}

/** Starts go before messages: an instance that is replaced loses what waited for the one before, not what is new. */
function release(hub: MemoryHub, episode: Episode): CommitEffects {
  for (const id of episode.consumed) hub.deleteMessage(id);
  for (const timer of episode.timersDone) hub.deleteTimer(timer);
  for (const timer of episode.timersNew) hub.addTimer(timer);
  const refusedStarts = episode.starts.flatMap((start) => {
    const status = hub.makeRoom(start.instanceId, TERMINAL_STATUSES);
    if (status !== undefined) return [{ run: start.run, status }];
    hub.insert(start);
    return [];
  });
  const messageIds = episode.messages.map((message) => hub.addMessage(message));
  return { messageIds, ...(refusedStarts.length === 0 ? {} : { refusedStarts }) };
}
