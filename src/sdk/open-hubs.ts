import { DurableError } from "../core/errors.ts";
import type { DurableClient } from "./durable-client.ts";

interface OpenHub {
  readonly name: string;
  readonly client: DurableClient;
}

const HUBS_KEY = Symbol.for("perdure.hubs");

/** The hubs open in this process, shared by every copy of the package. */
function openHubs(): Set<OpenHub> {
  const shared = globalThis as { [HUBS_KEY]?: Set<OpenHub> };
  shared[HUBS_KEY] ??= new Set();
  return shared[HUBS_KEY];
}

export function hubOpened(hub: OpenHub): void {
  openHubs().add(hub);
}

export function hubClosed(hub: OpenHub): void {
  openHubs().delete(hub);
}

/**
 * The client of the hub that is open in this process; the latest when there are several. The argument of
 * durable-functions v3 is accepted and not needed.
 *
 * @throws {DurableError} TASK_HUB_NOT_FOUND when no hub is open.
 */
export function getClient(_context?: unknown): DurableClient {
  const latest = [...openHubs()].at(-1);
  if (latest) return latest.client;
  throw new DurableError(
    "TASK_HUB_NOT_FOUND",
    "No task hub is open in this process. Open one with TaskHub.open first.",
  );
}
