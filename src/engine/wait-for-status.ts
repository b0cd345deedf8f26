import { DurableError } from "../core/errors.ts";
import { isTerminal, RUNTIME_STATUSES, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { RecordWatch, RecordWatcher } from "./record-watch.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";

export interface WaitPorts {
  readonly query: QueryStore;
  readonly records: RecordWatch;
  readonly clock: Clock;
  readonly worker: TaskHubWorker | undefined;
}

export interface WaitRequest {
  readonly instanceId: string;
  readonly until: (status: RuntimeStatus) => boolean;
  /** In words, for the error: "complete", "start". */
  readonly goal: string;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Resolves with the record once its status is what is waited for.
 *
 * @throws {DurableError} INSTANCE_NOT_FOUND, or WAIT_TIMEOUT when the time is up.
 */
export function waitForStatus(request: WaitRequest, ports: WaitPorts): Promise<InstanceRecord> {
  const { instanceId, until, timeoutMs, signal } = request;
  return new Promise((resolve, reject) => {
    const cleanups: (() => void)[] = [];
    const finish = (end: () => void): void => {
      for (const cleanup of cleanups.splice(0)) cleanup();
      end();
    };
    const watcher: RecordWatcher = {
      seen: (record) => {
        if (record === undefined) finish(() => reject(notFound(instanceId)));
        else if (until(record.status)) finish(() => resolve(record));
      },
      failed: (error) => finish(() => reject(error)),
    };
    if (signal) {
      const abort = (): void => finish(() => reject(signal.reason as Error));
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      cleanups.push(() => signal.removeEventListener("abort", abort));
    }
    if (timeoutMs !== undefined) {
      cleanups.push(ports.clock.after(timeoutMs, () => finish(() => reject(timeout(request)))));
    }
    const look = (): void => void ports.query.get(instanceId).then(watcher.seen, watcher.failed);
    cleanups.push(subscribe(request, ports, watcher, look));
    const live = ports.worker?.liveStatus(instanceId);
    if (live === undefined || until(live)) look();
  });
}

/** In the owner's process instances that change are announced; elsewhere every change of the store is a reason to look. */
function subscribe(
  request: WaitRequest,
  { worker, records }: WaitPorts,
  watcher: RecordWatcher,
  look: () => void,
): () => void {
  const { instanceId } = request;
  if (!worker?.owns(instanceId)) return records.add(instanceId, watcher);
  let stop = worker.watchers.watch(instanceId, {
    ended: watcher.seen,
    changed: isTerminalGoal(request) ? undefined : look,
    lost: () => {
      stop();
      stop = records.add(instanceId, watcher);
      look();
    },
  });
  return () => stop();
}

/** What it waits for is the end: no other change is of interest. */
const isTerminalGoal = ({ until }: WaitRequest): boolean =>
  RUNTIME_STATUSES.every((status) => isTerminal(status) || !until(status));

export function notFound(instanceId: string): DurableError {
  return new DurableError("INSTANCE_NOT_FOUND", `No instance with ID '${instanceId}' was found.`);
}

function timeout(request: WaitRequest): DurableError {
  return new DurableError(
    "WAIT_TIMEOUT",
    `Instance '${request.instanceId}' did not ${request.goal} within ${request.timeoutMs} ms.`,
  );
}
