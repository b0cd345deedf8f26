import { toJsonText } from "../core/data-converter.ts";
import type { Completion, EpisodeResult } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { OpenTasks } from "../core/open-tasks.ts";
import { OrchestratorSession } from "../core/orchestrator-session.ts";
import type { OrchestrationSession } from "./executor.ts";

/** A session for an instance whose code must not run: all it can do is to be terminated. */
export function endOnly(started: ExecutionStarted): OrchestrationSession {
  const session = new OrchestratorSession({ name: "", handler: () => undefined }, started, {
    settle: () => Promise.resolve(),
    onStray: () => undefined,
    maxActions: 1,
  });
  return {
    ...QUIET,
    openTasks: session.actions.open,
    get suspension() {
      return session.suspension;
    },
    replay: (history: readonly HistoryEvent[]) => session.replay(history),
    execute: (messages, now) => session.execute(messages, now),
  };
}

/** A session for an instance that has failed without its code: its next episode says so. */
export function failedAtOnce(failure: FailureDetails): OrchestrationSession {
  const completion: Completion = {
    status: "Failed",
    eventId: 0,
    result: toJsonText(failure.errorMessage, "The failure"),
    failure,
  };
  return {
    ...QUIET,
    isDue: true,
    openTasks: new OpenTasks(),
    suspension: undefined,
    replay: () => undefined,
    execute: (messages): EpisodeResult => ({
      accepted: messages.filter((message) => message.type === "ExecutionStarted"),
      actions: [],
      patches: [],
      completion,
      continuedAsNew: undefined,
      customStatus: undefined,
      canceledTimers: [],
      abandoned: [],
      toUnlock: [],
    }),
  };
}

const QUIET = {
  isDue: false,
  isPending: () => false,
  goesOnFor: () => true,
  awaitedEvents: [],
  hasReturned: false,
  verdict: undefined,
} as const;
