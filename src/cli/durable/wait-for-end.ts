import { DurableError } from "../../core/errors.ts";
import { isTerminal } from "../../core/orchestration-status.ts";
import type { InstanceStatus, Management } from "./management.ts";

/** Resolves once the instance has ended. @throws {DurableError} INSTANCE_NOT_FOUND, WAIT_TIMEOUT */
export async function waitForEnd(
  hub: Management,
  instanceId: string,
  timeoutMs: number | undefined,
): Promise<InstanceStatus> {
  const controller = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(), timeoutMs);
  try {
    for await (const status of hub.watch(instanceId, controller.signal)) {
      if (isTerminal(status.runtimeStatus)) return status;
    }
  } finally {
    clearTimeout(timer);
  }
  throw controller.signal.aborted
    ? new DurableError("WAIT_TIMEOUT", `Instance '${instanceId}' did not complete within ${timeoutMs} ms.`)
    : new DurableError("INSTANCE_NOT_FOUND", `Instance '${instanceId}' was purged.`);
}
