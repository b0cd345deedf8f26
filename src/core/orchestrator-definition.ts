import type { OrchestrationContext } from "./orchestration-context.ts";

/** One registered orchestrator. */
export interface OrchestratorDefinition {
  readonly name: string;
  /** A generator function, an async function, or a plain one. */
  readonly handler: (context: OrchestrationContext) => unknown;
  /** Cancels what is still open when the function returns, instead of waiting for it (S-17). */
  readonly completeOnReturn?: boolean;
}
