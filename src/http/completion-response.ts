import { isDurableError } from "../core/errors.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { HttpHub } from "./api-request.ts";
import { jsonResponse } from "./responses.ts";
import { jsonOf } from "./status-payload.ts";

export interface CompletionWait {
  readonly hub: HttpHub;
  readonly instanceId: string;
  readonly timeoutMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal;
}

/** What a wait is answered with where it does not end in an output. */
export interface CompletionAnswers {
  /** The time was up, the instance is gone, or nobody waits any more (H-48). */
  readonly running: () => Response;
  /** It has ended otherwise than Completed (H-47). */
  readonly ended: (record: InstanceRecord) => Response | Promise<Response>;
}

/** Waits for the end of an instance without polling. Completed is its output and nothing else (H-45, H-46). */
export async function completionResponse(
  wait: CompletionWait,
  answers: CompletionAnswers,
): Promise<Response> {
  if (!(await isOver(wait))) return answers.running();
  const record = await wait.hub.query.get(wait.instanceId);
  if (record === undefined || !isTerminal(record.status)) return answers.running();
  return record.status === "Completed" ? jsonResponse(200, jsonOf(record.output)) : answers.ended(record);
}

/** False when nobody waits any more: then it does not matter what has become of the instance. */
async function isOver({ hub, instanceId, timeoutMs, signal }: CompletionWait): Promise<boolean> {
  try {
    await hub.client.waitForCompletion(instanceId, { timeoutMs, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) return false;
    if (!isDurableError(error, "WAIT_TIMEOUT") && !isDurableError(error, "INSTANCE_NOT_FOUND")) throw error;
  }
  return true;
}
