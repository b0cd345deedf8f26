import { DurableError } from "../core/errors.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { ActivityInvocation } from "../engine/registry.ts";
import type { Episode } from "../storage/index.ts";
import type { FunctionTarget } from "./fakes.ts";

export type CrashPoint =
  | {
      /** Which commit, counted from now; 1 is the next. */
      readonly commit: number;
      /** before: nothing of it is written. after: all of it is, and nothing has followed from it. Default before. */
      readonly when?: "before" | "after";
    }
  | {
      /** When this activity has come to something. */
      readonly activity: FunctionTarget;
      /** Which of its calls, counted from now. Default 1. */
      readonly call?: number;
      /** before: what it came to is lost. after: it is in the history, and nothing has followed from it. Default before. */
      readonly when?: "before" | "after";
    };

interface Planned {
  /** Lower case; absent for the n-th commit. */
  readonly activity: string | undefined;
  readonly when: "before" | "after";
  left: number;
}

/** Where workers are to be killed. Each point is met once. */
export class CrashPlan {
  readonly #planned = new Set<Planned>();
  /** Results whose commit is the last thing their worker does. */
  readonly #doomed = new Set<string>();

  /** @throws {DurableError} INVALID_ARGUMENT for a number that counts nothing */
  add(point: CrashPoint, nameOfActivity: (target: FunctionTarget) => string): void {
    const isCommit = "commit" in point;
    const left = isCommit ? point.commit : (point.call ?? 1);
    if (!Number.isInteger(left) || left < 1) throw countsNothing(isCommit ? "commit" : "call", left);
    const activity = isCommit ? undefined : nameOfActivity(point.activity).toLowerCase();
    this.#planned.add({ activity, when: point.when ?? "before", left });
  }

  /** Whether the worker dies now that the activity has come to something. */
  onActivity({ name, instanceId, taskId }: ActivityInvocation): boolean {
    const when = this.#meet((planned) => planned.activity === name.toLowerCase());
    if (when === "after") this.#doomed.add(keyOf(instanceId, taskId));
    return when === "before";
  }

  /** Whether, and on which side of it, the worker dies with this commit. */
  onCommit(episodes: readonly Episode[]): "before" | "after" | undefined {
    const when = this.#meet((planned) => planned.activity === undefined);
    const isLast = this.#doomed.size > 0 && resultsIn(episodes).some((key) => this.#doomed.delete(key));
    return when ?? (isLast ? "after" : undefined);
  }

  /** One more of what these points count. */
  #meet(concerns: (planned: Planned) => boolean): "before" | "after" | undefined {
    const met: ("before" | "after")[] = [];
    for (const planned of this.#planned) {
      if (!concerns(planned)) continue;
      planned.left -= 1;
      if (planned.left === 0 && this.#planned.delete(planned)) met.push(planned.when);
    }
    return met.includes("before") ? "before" : met[0];
  }
}

function resultsIn(episodes: readonly Episode[]): readonly string[] {
  return episodes.flatMap(({ instanceId, chunk }) =>
    decodeChunk(chunk, { instanceId }).flatMap((event) =>
      event.type === "TaskCompleted" || event.type === "TaskFailed"
        ? [keyOf(instanceId, event.taskScheduledId)]
        : [],
    ),
  );
}

const keyOf = (instanceId: string, taskId: number): string => `${taskId}:${instanceId}`;

function countsNothing(what: string, value: number): DurableError {
  return new DurableError("INVALID_ARGUMENT", `${what} is ${value}; allowed: a whole number, 1 or more.`);
}
