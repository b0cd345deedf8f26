export type { RecordedCall } from "./call-log.ts";
export type { CrashPoint } from "./crash-plan.ts";
export {
  after,
  inTurn,
  never,
  type OrchestrationOutcome,
  type Outcome,
  type ScriptedOutcome,
} from "./outcomes.ts";
export type { Span } from "./span.ts";
export { TestHub, type TestHubOptions, type TestSettings } from "./test-hub.ts";
