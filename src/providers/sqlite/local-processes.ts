import { hostname } from "node:os";

export interface WorkerProcess {
  readonly workerId: string;
  readonly processId: number;
  readonly hostName: string;
}

/** Workers that this very process runs: an owner with our process id that is not one of them was before us. */
const running = new Set<string>();

export function registerWorker(workerId: string): void {
  running.add(workerId);
}

export function unregisterWorker(workerId: string): void {
  running.delete(workerId);
}

/** True when the worker's process is surely gone, so that nobody has to wait for its lease to run out. */
export function isGone({ workerId, processId, hostName }: WorkerProcess): boolean {
  if (hostName !== hostname()) return false;
  if (processId === process.pid) return !running.has(workerId);
  return !exists(processId);
}

function exists(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    // It may exist and belong to someone else.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
