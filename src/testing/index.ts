export type { RecordedCall } from "./call-log.ts";
export type { CrashPoint } from "./crash-plan.ts";
export { DummyTask } from "./dummy-durable-context.ts";
export { DummyOrchestrationContext, type LogHandler, type LogLevel } from "./dummy-orchestration-context.ts";
export {
  after,
  inTurn,
  never,
  type OrchestrationOutcome,
  type Outcome,
  type ScriptedOutcome,
} from "./outcomes.ts";
export type { HistorySource } from "./recorded-history.ts";
export { type ReplayedHistory, replayHistory } from "./replay-history.ts";
export type { Span } from "./span.ts";
export { TestHub } from "./test-hub.ts";
export type { TestHubOptions, TestSettings } from "./test-hub-options.ts";
