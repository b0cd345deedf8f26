import { expect } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { type Rewound, rewindHistory } from "../../src/core/rewind.ts";
import { type Arriving, asAsync, type Handler, orchestrate, type Run, settle } from "./orchestration.ts";

export const NEW_EXECUTION_ID = "00000000000000000000000000000002";

/** Rewinds a failed run, as a generator and as an async function, which has to come to the same. */
export async function rewind(
  handler: Handler,
  failed: Run,
  rewindableChildren: readonly string[] = [],
): Promise<Rewound> {
  expect(failed.end?.status).toBe("Failed");
  const [asGenerator, asFunction] = await Promise.all(
    [handler, asAsync(handler)].map((each) =>
      rewindHistory({
        definition: { name: "Orchestrator", handler: each },
        history: failed.history,
        newExecutionId: NEW_EXECUTION_ID,
        rewindableChildren: new Set(rewindableChildren),
        sessionOptions: { settle, maxActions: 100_000 },
      }),
    ),
  );
  expect(asFunction).toEqual(asGenerator);
  return asGenerator as Rewound;
}

/** Goes on from a rewound history. The first episode has nothing but the rewind itself. */
export function goOn(handler: Handler, rewound: Rewound, ...arriving: readonly Arriving[]): Promise<Run> {
  return orchestrate({ handler, past: rewound.history }, ...arriving);
}

/** What a history says was asked for and what came of it, without the frames of the episodes. */
export function outline(history: readonly HistoryEvent[]): readonly string[] {
  return history.flatMap((event) => {
    switch (event.type) {
      case "TaskScheduled":
        return `${event.eventId} ${event.name}`;
      case "TimerCreated":
        return `${event.eventId} timer`;
      case "TaskCompleted":
        return `${event.taskScheduledId} completed`;
      case "TaskFailed":
        return `${event.taskScheduledId} failed`;
      case "TimerFired":
        return `${event.timerId} fired`;
      case "OrchestratorStarted":
      case "OrchestratorCompleted":
        return [];
      default:
        return event.type;
    }
  });
}
