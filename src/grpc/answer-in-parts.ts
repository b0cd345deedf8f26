import type {
  OrchestrationTraceContext,
  OrchestratorAction,
  OrchestratorResponse,
} from "../wire/generated/orchestrator_service_pb.ts";

/** The answer to a turn that is too large for one message of its worker: what has come of it. */
export class AnswerInParts {
  readonly actions: OrchestratorAction[] = [];
  /** Only one of the parts has it. */
  traceContext: OrchestrationTraceContext | undefined;
  readonly #indexes = new Set<number>();

  /** A part that comes once more, since its worker has not heard that it arrived, counts once. */
  add({ actions, chunkIndex, orchestrationTraceContext }: OrchestratorResponse): void {
    if (chunkIndex !== undefined && this.#indexes.has(chunkIndex)) return;
    if (chunkIndex !== undefined) this.#indexes.add(chunkIndex);
    for (const action of actions) this.actions.push(action);
    this.traceContext ??= orchestrationTraceContext;
  }
}
