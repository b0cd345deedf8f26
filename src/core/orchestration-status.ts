/** The runtime status of an instance, in the spelling of Durable Functions (contract 4.2). */
export type RuntimeStatus =
  | "Running"
  | "Completed"
  | "ContinuedAsNew"
  | "Failed"
  | "Canceled"
  | "Terminated"
  | "Pending"
  | "Suspended";

/** The index in this list is the number of the status on every wire and in every store. */
export const RUNTIME_STATUSES: readonly RuntimeStatus[] = [
  "Running",
  "Completed",
  "ContinuedAsNew",
  "Failed",
  "Canceled",
  "Terminated",
  "Pending",
  "Suspended",
];

/** Completed, Failed, Terminated and Canceled (S-16): nothing more will happen unless someone rewinds. */
export const TERMINAL_STATUSES: readonly RuntimeStatus[] = ["Completed", "Failed", "Terminated", "Canceled"];

export function isTerminal(status: RuntimeStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Terminated" || status === "Canceled";
}
