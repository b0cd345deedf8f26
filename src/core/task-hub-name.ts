import { DurableError } from "./errors.ts";

const TASK_HUB_NAME = /^[a-z][a-z0-9]{2,44}$/i;

/** What a name may be, in words. Azure Storage needs the same, so that a hub can move there. */
export const TASK_HUB_NAMES = "3 to 45 letters and digits that begin with a letter";

export function isTaskHubName(name: string): boolean {
  return TASK_HUB_NAME.test(name);
}

/** @throws {DurableError} INVALID_TASK_HUB_NAME */
export function checkTaskHubName(name: string): void {
  if (isTaskHubName(name)) return;
  throw new DurableError(
    "INVALID_TASK_HUB_NAME",
    `"${name}" cannot be the name of a task hub. A name has ${TASK_HUB_NAMES}.`,
  );
}
