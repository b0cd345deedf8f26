import { DurableError } from "./errors.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { OpenTasks, TrackedTask } from "./open-tasks.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";
import { refusal } from "./refusal.ts";

/**
 * Why a turn cannot be that asks for a task under the id of one that is still open, or of another that it asks for, if that
 * is so: a result could not tell the two apart, and one of them would be lost. The id of a task that has ended is free.
 */
export function whyIdTaken(
  actions: readonly OrchestratorAction[],
  open: OpenTasks<TrackedTask>,
): FailureDetails | undefined {
  const askedFor = new Map<number, string>();
  for (const action of actions) {
    const asked = nameOf(action);
    if (asked === undefined) continue;
    const taken = nameOfOpen(open.get(action.id)) ?? askedFor.get(action.id);
    askedFor.set(action.id, asked);
    if (taken === undefined) continue;
    return refusal(
      new DurableError(
        "NON_DETERMINISM",
        `The code asks for ${asked} under the id ${action.id}, which is that of ${taken}, which has not ended: ` +
          "one of the two would be lost. The code, or the SDK it runs in, has done something else than in the turns before.",
      ),
    );
  }
  return undefined;
}

/** Nothing waits for the other kinds of actions: their ids may be any. */
function nameOf(action: OrchestratorAction): string | undefined {
  switch (action.type) {
    case "ScheduleTask":
      return `activity '${action.name}'`;
    case "CreateSubOrchestration":
      return `sub-orchestration '${action.name}'`;
    case "CreateTimer":
      return "a timer";
    default:
      return undefined;
  }
}

function nameOfOpen(task: TrackedTask | undefined): string | undefined {
  if (task === undefined) return undefined;
  if (task.kind === "timer") return "a timer";
  return `${task.kind === "activity" ? "activity" : "sub-orchestration"} '${task.name}'`;
}
