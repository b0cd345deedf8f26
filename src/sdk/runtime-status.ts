import type { RuntimeStatus } from "../core/orchestration-status.ts";

/** The statuses under the names of durable-functions v3. */
export const OrchestrationRuntimeStatus = {
  Running: "Running",
  Completed: "Completed",
  ContinuedAsNew: "ContinuedAsNew",
  Failed: "Failed",
  Canceled: "Canceled",
  Terminated: "Terminated",
  Pending: "Pending",
  Suspended: "Suspended",
} as const satisfies { readonly [S in RuntimeStatus]: S };
