import type { InstanceRecord } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Work of one instance that was found after a crash. */
export interface FoundWork {
  readonly instanceId: string;
  /** Hands the work over; the answer resolves when the instance has made progress. */
  readonly begin: () => Promise<void>;
}

export interface CrashGuardPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  get(instanceId: string): Promise<InstanceRecord | undefined>;
  countAttempts(instanceIds: readonly string[]): Promise<readonly number[]>;
  quarantine(instanceId: string, reason: string): Promise<void>;
}

/** From so many attempts on an instance is run alone, so that a crash has one suspect. */
const SUSPECT_FROM = 2;
const QUARANTINE_AFTER = 5;
/** A suspect that has neither made progress nor killed the process by then does not hold up the next. */
const PATIENCE_MS = 10_000;

/**
 * Restarts what a crashed process left, so that work that crashes the process ends in quarantine and its neighbors do not.
 *
 * An instance's attempts are counted before it is run and forgotten when it makes progress. Instances that have
 * failed to make progress twice run one after another.
 */
export async function restartAfterCrash(found: readonly FoundWork[], ports: CrashGuardPorts): Promise<void> {
  const suspects: FoundWork[] = [];
  const free: FoundWork[] = [];
  for (const work of found) {
    const record = await ports.get(work.instanceId);
    if ((record?.attempts ?? 0) >= SUSPECT_FROM && record?.quarantined === undefined) suspects.push(work);
    else free.push(work);
  }
  await ports.countAttempts(free.map((work) => work.instanceId));
  for (const work of free) void work.begin();
  for (const work of suspects) await runAlone(work, ports);
}

async function runAlone(work: FoundWork, ports: CrashGuardPorts): Promise<void> {
  const { instanceId } = work;
  const [attempts = 0] = await ports.countAttempts([instanceId]);
  if (attempts > QUARANTINE_AFTER) {
    const reason = `The process died ${QUARANTINE_AFTER} times while it was at work on this instance.`;
    ports.logger.error({ instanceId, attempts }, "An instance was put into quarantine");
    await ports.quarantine(instanceId, reason);
    return;
  }
  ports.logger.warn({ instanceId, attempts }, "An instance may have crashed the process; it is run alone");
  await Promise.race([
    work.begin(),
    new Promise<void>((resolve) => {
      ports.clock.after(PATIENCE_MS, resolve);
    }),
  ]);
}
