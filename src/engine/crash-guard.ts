import type { InstanceRecord } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Work of one instance that was found after a crash. */
export interface FoundWork {
  readonly instanceId: string;
  /** Hands the work over; the answer resolves when the instance has made progress. */
  readonly begin: () => Promise<void>;
  /** Leaves the instance alone, whatever comes for it, until `release`. */
  readonly hold: () => void;
  readonly release: () => void;
}

export interface CrashGuardPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  get(instanceId: string): Promise<InstanceRecord | undefined>;
  /** False: it is found again at every start, and its code does not run. */
  mayRun(record: InstanceRecord): boolean;
  countAttempts(instanceIds: readonly string[]): Promise<readonly number[]>;
  quarantine(instanceId: string, reason: string): Promise<void>;
  /** Calls back after so many milliseconds. */
  later(delayMs: number, then: () => void): void;
  /** True once someone else looks after these instances. */
  isStopped(): boolean;
}

/** How many instances are restarted together after so many attempts: the more often, the fewer suspects. */
const GROUP_SIZES: readonly number[] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 16, 4];
const ALONE_AFTER = GROUP_SIZES.length;
/** A process that lives this long is not one that something else kills as soon as it starts. */
const CALM_MS = 10_000;
const SUSPECT_AFTER = GROUP_SIZES.findIndex(Number.isFinite);
const QUARANTINE_AFTER = 5;
/** A group that has neither made progress nor killed the process by then does not hold up the next. */
const PATIENCE_MS = 1_000;

/** Whether it has been restarted in a small group, this attempt included. */
export function isSuspect({ attempts }: Pick<InstanceRecord, "attempts">): boolean {
  return attempts > SUSPECT_AFTER;
}

/**
 * Restarts what a crashed process left, so that work that crashes the process ends in quarantine and its neighbors do not.
 *
 * An instance's attempts are counted before it is run and forgotten when it makes progress. Those that have failed to
 * make progress twice run in small groups, one group after the other. The last attempt is made alone, by a process that
 * has lived for a while: who then kills it is put away, and nobody is for what kills processes as they start.
 * What comes to rest with none of its code running is not to blame: this attempt is taken back, and counted again when
 * one of its activities has its turn.
 */
export async function restartAfterCrash(found: readonly FoundWork[], ports: CrashGuardPorts): Promise<void> {
  const { idle, together, alone } = await sorted(found, ports);
  for (const { hold } of alone) hold();
  for (const { begin } of idle) void begin();
  for (const group of together) {
    if (ports.isStopped()) return;
    await restart(group.works, group.isSuspect, ports);
  }
  if (alone.length > 0) ports.later(CALM_MS, () => void restartAlone(alone, ports));
}

async function restartAlone(works: readonly FoundWork[], ports: CrashGuardPorts): Promise<void> {
  let done = 0;
  try {
    for (const work of works) {
      if (ports.isStopped()) return;
      await restart([work], true, ports);
      done += 1;
    }
  } catch (error) {
    ports.logger.warn({ err: error }, "The store could not be asked about attempts; trying again");
    ports.later(CALM_MS, () => void restartAlone(works.slice(done), ports));
  }
}

async function restart(
  works: readonly FoundWork[],
  isSuspect: boolean,
  ports: CrashGuardPorts,
): Promise<void> {
  const attempts = await ports.countAttempts(works.map((work) => work.instanceId));
  const running: Promise<void>[] = [];
  for (const [index, work] of works.entries()) {
    if (ports.isStopped()) return;
    if ((attempts[index] ?? 0) > QUARANTINE_AFTER) await putAway(work.instanceId, ports);
    else running.push(work.begin());
    work.release();
  }
  if (isSuspect) await settled(running, ports.clock);
}

interface Group {
  readonly works: readonly FoundWork[];
  readonly isSuspect: boolean;
}

interface Sorted {
  /** None of these will run. */
  readonly idle: readonly FoundWork[];
  /** The unsuspected first, then the suspects, the most suspect last. */
  readonly together: readonly Group[];
  readonly alone: readonly FoundWork[];
}

async function sorted(found: readonly FoundWork[], ports: CrashGuardPorts): Promise<Sorted> {
  const alone: FoundWork[] = [];
  const byAttempts = new Map<number, FoundWork[]>();
  const idle: FoundWork[] = [];
  for (const work of found) {
    const record = await ports.get(work.instanceId);
    if (record && !ports.mayRun(record)) {
      idle.push(work);
      continue;
    }
    const attempts = record?.attempts ?? 0;
    const same = attempts < ALONE_AFTER ? byAttempts.get(attempts) : alone;
    if (same) same.push(work);
    else byAttempts.set(attempts, [work]);
  }
  const together = [...byAttempts]
    .sort(([a], [b]) => a - b)
    .flatMap(([attempts, works]) => {
      const size = GROUP_SIZES[attempts] ?? 1;
      return split(works, size).map((part) => ({ works: part, isSuspect: Number.isFinite(size) }));
    });
  return { idle, together, alone };
}

function split<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (items.length <= size) return [items];
  return [items.slice(0, size), ...split(items.slice(size), size)];
}

async function putAway(instanceId: string, ports: CrashGuardPorts): Promise<void> {
  const reason = `The process died ${QUARANTINE_AFTER} times while it was at work on this instance.`;
  ports.logger.error({ instanceId }, "An instance was put into quarantine");
  await ports.quarantine(instanceId, reason);
}

function settled(running: readonly Promise<void>[], clock: Clock): Promise<unknown> {
  return Promise.race([
    Promise.all(running),
    new Promise<void>((resolve) => {
      clock.after(PATIENCE_MS, resolve);
    }),
  ]);
}
