import { DurableError } from "../core/errors.ts";
import { isTerminal, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";

export interface WaitPorts {
  readonly query: QueryStore;
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
  return new Promise((resolve, reject) => {
    const cleanups: (() => void)[] = [];
    let checking = false;
    let again = false;
    let over = false;
    const finish = (end: () => void): void => {
      if (over) return;
      over = true;
      for (const cleanup of cleanups) cleanup();
      end();
    };
    const check = (): void => {
      if (over) return;
      if (checking) {
        again = true;
        return;
      }
      checking = true;
      ports.query.get(request.instanceId).then(
        (record) => {
          checking = false;
          if (record === undefined) finish(() => reject(notFound(request.instanceId)));
          else if (request.until(record.status)) finish(() => resolve(record));
          else if (again) {
            again = false;
            check();
          }
        },
        (error: unknown) => finish(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    };
    cleanups.push(subscribe(request, ports, check, (record) => finish(() => resolve(record))));
    if (request.timeoutMs !== undefined) {
      cleanups.push(ports.clock.after(request.timeoutMs, () => finish(() => reject(timeout(request)))));
    }
    if (request.signal) {
      const { signal } = request;
      const abort = (): void => finish(() => reject(signal.reason as Error));
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      cleanups.push(() => signal.removeEventListener("abort", abort));
    }
    const live = ports.worker?.liveStatus(request.instanceId);
    if (live === undefined || request.until(live)) check();
  });
}

/** In the owner's process an ended instance is announced; elsewhere every change of the store is a reason to look. */
function subscribe(
  request: WaitRequest,
  ports: WaitPorts,
  check: () => void,
  ended: (record: InstanceRecord) => void,
): () => void {
  const { worker, query } = ports;
  let stop: () => void;
  const listen = (): void => {
    stop = query.onChange(check);
  };
  if (worker?.owns(request.instanceId) && !request.until("Running") && isTerminalGoal(request)) {
    const unwatch = worker.watchers.watch(request.instanceId, {
      ended,
      lost: () => {
        unwatch();
        listen();
        check();
      },
    });
    stop = unwatch;
  } else listen();
  return () => stop();
}

const isTerminalGoal = (request: WaitRequest): boolean =>
  (["Completed", "Failed", "Terminated"] as const).every(
    (status) => isTerminal(status) && request.until(status),
  );

export function notFound(instanceId: string): DurableError {
  return new DurableError("INSTANCE_NOT_FOUND", `No instance with ID '${instanceId}' was found.`);
}

function timeout(request: WaitRequest): DurableError {
  return new DurableError(
    "WAIT_TIMEOUT",
    `Instance '${request.instanceId}' did not ${request.goal} within ${request.timeoutMs} ms.`,
  );
}
