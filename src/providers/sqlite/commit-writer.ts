import type { CommitOutcome, Episode } from "../../storage/index.ts";
import { EpisodeWriter } from "./episode-writer.ts";
import type { Hub } from "./store.ts";
import type { ItemWriter } from "./transactions.ts";

/** Writes the episodes of one worker's commit, and holds back what must not follow an episode that was not written. */
export class CommitWriter implements ItemWriter<Episode, CommitOutcome> {
  readonly #hub: Hub;
  readonly #workerId: string;
  readonly #episodes: EpisodeWriter;
  #broken = new Set<number>();

  constructor(hub: Hub, workerId: string) {
    this.#hub = hub;
    this.#workerId = workerId;
    this.#episodes = new EpisodeWriter(hub, hub.store.tables);
  }

  start(): (episode: Episode) => CommitOutcome {
    this.#broken = new Set();
    let checked: Episode | undefined;
    return (episode) => {
      if (this.#broken.size > 0 && this.#broken.has(episode.run)) return { type: "conflict" };
      const isSameFence = episode.partition === checked?.partition && episode.epoch === checked.epoch;
      if (!isSameFence && !this.#holds(episode)) return this.#refused(episode, { type: "fenced" });
      checked = episode;
      const outcome = this.#episodes.write(episode);
      return outcome.type === "applied" || outcome.type === "already"
        ? outcome
        : this.#refused(episode, outcome);
    };
  }

  failed(episode: Episode, error: Error): CommitOutcome {
    return this.#refused(episode, { type: "rejected", error });
  }

  #holds({ partition, epoch }: Episode): boolean {
    return this.#hub.store.leases.holds(this.#hub, this.#workerId, partition, epoch);
  }

  #refused(episode: Episode, outcome: CommitOutcome): CommitOutcome {
    this.#broken.add(episode.run);
    return outcome;
  }
}
