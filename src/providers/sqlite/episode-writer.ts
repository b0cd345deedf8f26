import { isTerminal } from "../../core/orchestration-status.ts";
import type { CommitOutcome, Episode, InstancePatch, NewInstance, NextRun } from "../../storage/index.ts";
import type { CommitEffects } from "./history-table.ts";
import { type HubRow, partAt } from "./hub-row.ts";
import { numberOf, statusOf } from "./instance-row.ts";
import type { Tables } from "./tables.ts";

const APPLIED: CommitOutcome = { type: "applied", messageIds: [] };

/**
 * Writes one episode inside the transaction of a commit.
 *
 * Nothing is written before both fences have held: the instance is at the episode's run, and the chunk went in.
 */
export class EpisodeWriter {
  readonly #hub: HubRow;
  readonly #tables: Tables;

  constructor(hub: HubRow, tables: Tables) {
    this.#hub = hub;
    this.#tables = tables;
  }

  write(episode: Episode): CommitOutcome {
    if (episode.removes) return this.#remove(episode);
    const { run, chunk, nextRun } = episode;
    const refusal = episode.create ? this.#create(episode) : this.#checkRun(episode);
    if (refusal) return refusal;
    const target = nextRun?.run ?? run;
    const { history } = this.#tables;
    const isReplacing = episode.snapshot && !episode.create;
    const isPlaced = isReplacing ? history.replace(target, chunk) : history.append(target, chunk);
    if (!isPlaced) return this.#taken(target, episode);
    if (!episode.create) this.#change(episode);
    if (nextRun?.rewritten) this.#tables.history.append(target, nextRun.rewritten);
    this.#settleMessagesAndTimers(episode);
    return this.#release(target, episode);
  }

  #remove({ instanceId, run, chunk, consumed }: Episode): CommitOutcome {
    const { instances, history, inbox } = this.#tables;
    const [fence] = consumed;
    if (fence === undefined || !inbox.has(fence)) return { type: "already", messageIds: [] };
    if (instances.isAtRun(run)) {
      if (!history.has(run, chunk.seq - 1)) return { type: "conflict" };
      this.#tables.removeEntity(this.#hub, instanceId, run);
    }
    for (const id of consumed) inbox.delete(id);
    return APPLIED;
  }

  #checkRun(episode: Episode): CommitOutcome | undefined {
    const { run, nextRun } = episode;
    if (this.#tables.instances.isAtRun(run)) return undefined;
    if (nextRun && this.#tables.instances.isAtRun(nextRun.run)) return this.#taken(nextRun.run, episode);
    return { type: "gone" };
  }

  /** Brings the instance into being, as it is after the episode. */
  #create(episode: Episode): CommitOutcome | undefined {
    const { create, patch, nextRun } = episode;
    if (create === undefined) return undefined;
    const instance = nextRun ? afterMove(create.instance, nextRun) : create.instance;
    if (this.#tables.instances.insert(this.#hub, instance, patch)) return undefined;
    return this.#replace(episode, instance, create.replaces.map(numberOf), patch);
  }

  #replace(
    episode: Episode,
    instance: NewInstance,
    replaces: readonly number[],
    patch: InstancePatch | undefined,
  ): CommitOutcome | undefined {
    const { instances } = this.#tables;
    const existing = instances.find(this.#hub, episode.instanceId);
    if (existing === undefined) return { type: "gone" };
    if (existing.run === instance.run) return this.#taken(instance.run, episode);
    if (!replaces.includes(existing.status)) return { type: "exists", status: statusOf(existing.status) };
    this.#tables.removeInstance(this.#hub, episode.instanceId, existing.run);
    instances.insert(this.#hub, instance, patch);
    return undefined;
  }

  #taken(run: number, { chunk }: Episode): CommitOutcome {
    const effects = this.#tables.history.effectsOf(run, chunk);
    return effects ? { type: "already", ...effects } : { type: "conflict" };
  }

  #change({ run, nextRun, patch }: Episode): void {
    const { instances, history, timers } = this.#tables;
    if (nextRun) {
      history.delete(run);
      timers.deleteOf(run);
      instances.move(run, nextRun);
    }
    if (patch) instances.patch(nextRun?.run ?? run, patch);
  }

  #settleMessagesAndTimers({ partition, consumed, timersDone, timersNew }: Episode): void {
    const { inbox, timers } = this.#tables;
    for (const id of consumed) inbox.delete(id);
    if (timersDone.length === 0 && timersNew.length === 0) return;
    const part = partAt(this.#hub.hubId, partition);
    for (const timer of timersDone) timers.delete(part, timer);
    for (const timer of timersNew) timers.add(part, timer);
  }

  /**
   * What leaves the instance. Starts go before messages: an instance that is replaced loses what waited for the one
   * before, not what is new.
   */
  #release(run: number, { chunk, starts, messages }: Episode): CommitOutcome {
    if (starts.length === 0 && messages.length === 0) return APPLIED;
    const refusedStarts = starts.flatMap((start) => this.#start(start) ?? []);
    const messageIds = messages.map((message) => this.#tables.inbox.add(this.#hub, message));
    const effects: CommitEffects = { messageIds, ...(refusedStarts.length === 0 ? {} : { refusedStarts }) };
    if (messageIds.length > 0 || refusedStarts.length > 0)
      this.#tables.history.keepEffects(run, chunk.seq, effects);
    return { type: "applied", ...effects };
  }

  /** The refusal, when a live instance has the id (S-112). */
  #start(start: NewInstance): NonNullable<CommitEffects["refusedStarts"]>[number] | undefined {
    const { instances } = this.#tables;
    if (instances.insert(this.#hub, start)) return undefined;
    const existing = instances.find(this.#hub, start.instanceId);
    if (existing === undefined) return undefined;
    const status = statusOf(existing.status);
    if (!isTerminal(status)) return { run: start.run, status };
    this.#tables.removeInstance(this.#hub, start.instanceId, existing.run);
    instances.insert(this.#hub, start);
    return undefined;
  }
}

/** An instance that goes on under its next run in the very episode that creates it. */
function afterMove(instance: NewInstance, next: NextRun): NewInstance {
  const { input: _replaced, ...rest } = instance;
  const input = next.input === undefined ? instance.input : (next.input ?? undefined);
  return {
    ...rest,
    run: next.run,
    executionId: next.executionId,
    createdAt: next.createdAt ?? instance.createdAt,
    ...(input === undefined ? {} : { input }),
    ...(next.version === undefined ? {} : { version: next.version }),
    ...(next.parent === undefined ? {} : { parent: next.parent }),
  };
}
