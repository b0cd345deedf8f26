import { decodeChunk } from "../../src/core/history-chunk.ts";
import type { ActivityDefinition, ActivityInvocation } from "../../src/engine/registry.ts";
import type { Episode, HistoryChunk, TaskHubStore } from "../../src/storage/index.ts";
import { bound } from "../../src/testing/bound-store.ts";
import type { Process, Simulation } from "./simulation.ts";

const DURATIONS_MS = [0, 0, 0, 0, 20, 2_000, 20_000];

/** The activities of all programs, what they did in all processes, and whether they were allowed to. */
export class Activities {
  /** What must never be, in words. */
  readonly violations: string[] = [];
  readonly #simulation: Simulation;
  readonly #scheduled = new Set<string>();
  readonly #runs = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #written = new Set<string>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** How often an instance had this activity begun with this input, in all its executions together. */
  runsOf(instanceId: string, name: string, input: string | undefined): number {
    return this.#runs.get(callOf(instanceId, name, input)) ?? 0;
  }

  definitions(process: Process): readonly ActivityDefinition[] {
    const define = (name: string, work: (input: unknown) => unknown): ActivityDefinition => ({
      name,
      handler: async (input, invocation) => {
        this.#begin(invocation, input);
        await this.#simulation.park(process, `activity ${name}`, this.#simulation.random.pick(DURATIONS_MS));
        return work(input);
      },
    });
    return [
      define("double", (value) => Number(value) * 2),
      define("echo", (value) => value),
      define("fail", () => {
        throw new Error("boom");
      }),
      define("flaky", (input) => this.#flaky(input as { readonly key: string; readonly failures: number })),
    ];
  }

  /** The same hub; what its store takes is noted. */
  audit(hub: TaskHubStore): TaskHubStore {
    return {
      ...hub,
      worker: (identity) => {
        const worker = hub.worker(identity);
        return {
          ...bound(worker),
          commit: async (episodes) => {
            const outcomes = await worker.commit(episodes);
            episodes.forEach((episode, index) => {
              if (outcomes[index]?.type === "applied") this.#wrote(episode);
            });
            return outcomes;
          },
        };
      },
    };
  }

  #wrote(episode: Episode): void {
    const { instanceId, chunk, nextRun } = episode;
    if (episode.removes) return;
    const place = `${nextRun?.run ?? episode.run}:${chunk.seq}`;
    if (this.#written.has(place)) this.violations.push(`chunk ${place} of ${instanceId} was written twice`);
    this.#written.add(place);
    for (const each of nextRun?.rewritten ? [nextRun.rewritten, chunk] : [chunk])
      this.#noteScheduled(instanceId, each);
  }

  #noteScheduled(instanceId: string, chunk: HistoryChunk): void {
    for (const event of decodeChunk(chunk, { instanceId })) {
      if (event.type === "TaskScheduled") this.#scheduled.add(keyOf(instanceId, event.eventId));
    }
  }

  #begin({ instanceId, taskId, name }: ActivityInvocation, input: unknown): void {
    const key = keyOf(instanceId, taskId);
    if (!this.#scheduled.has(key))
      this.violations.push(`activity ${name} of ${key} ran before it was committed`);
    const call = callOf(instanceId, name, JSON.stringify(input));
    this.#runs.set(call, (this.#runs.get(call) ?? 0) + 1);
  }

  #flaky({ key, failures }: { readonly key: string; readonly failures: number }): string {
    const before = this.#failures.get(key) ?? 0;
    if (before >= failures) return key;
    this.#failures.set(key, before + 1);
    throw new Error(`failure ${before + 1} of ${key}`);
  }
}

const keyOf = (instanceId: string, taskId: number): string => `${instanceId}/${taskId}`;

const callOf = (instanceId: string, name: string, input: string | undefined): string =>
  `${instanceId}/${name}(${input ?? ""})`;
