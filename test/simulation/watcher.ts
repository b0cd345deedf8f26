import { isEntityId } from "../../src/core/entity-id.ts";
import { isDurableError } from "../../src/core/errors.ts";
import { isTerminal } from "../../src/core/orchestration-status.ts";
import type { InstanceRecord } from "../../src/storage/index.ts";
import { KEYS } from "./ledgers.ts";
import { ProcessDied } from "./simulation.ts";
import type { Root } from "./users.ts";
import type { World } from "./world.ts";

export interface Watcher {
  /** The users have left and every instance has ended. */
  readonly isQuiet: boolean;
  /** It has been quiet for a while. */
  readonly isOver: boolean;
  readonly problems: readonly string[];
  /** Why instances have not ended, in words. */
  explain(): Promise<readonly string[]>;
}

const LOOK_EVERY_MS = 700;
const A_WHILE_MS = 30_000;

/** Looks at the hub from outside now and then: resumes what is left suspended, and asks why what lives still does. */
export function watch(world: World, roots: readonly Root[], isTended: () => boolean): Watcher {
  const { simulation } = world;
  const problems: string[] = [];
  let quietSince: number | undefined;
  const explain = async (): Promise<readonly string[]> => {
    const live = await unfinished(world, await allInstances(world));
    return Promise.all(live.map(({ instanceId, status }) => whyOf(world, instanceId, status)));
  };
  const look = async (): Promise<void> => {
    const records = await allInstances(world);
    const live = await unfinished(world, records);
    const left = isTended() && roots.every((root) => root.left);
    const isQuiet = left && live.length === 0 && !(await isAnyoneWaiting(world));
    quietSince = isQuiet ? (quietSince ?? simulation.now()) : undefined;
    const one = live.length > 0 ? simulation.random.pick(live) : undefined;
    if (one && !(await hasReason(world, one.instanceId)))
      problems.push(`nobody knows why ${one.instanceId} waits`);
    for (const { instanceId, status } of live) {
      const isDone = roots.some((root) => root.instanceId === instanceId && root.left);
      if (status === "Suspended" && !isDone) void resume(world, instanceId);
    }
    if (left)
      for (const orphan of live.filter((record) => isOrphan(record, records))) void end(world, orphan);
  };
  const again = (): void => {
    simulation.schedule(world.outside, "look", LOOK_EVERY_MS, () => {
      look().then(again, (error: unknown) => problems.push(`the watcher got ${String(error)}`));
    });
  };
  again();
  return {
    get isQuiet() {
      return quietSince !== undefined;
    },
    get isOver() {
      return quietSince !== undefined && simulation.now() - quietSince >= A_WHILE_MS;
    },
    problems,
    explain,
  };
}

/** There is something for an entity that nobody has used yet. */
async function isAnyoneWaiting({ store }: World): Promise<boolean> {
  const ids = ["account", "fleeting", "ledger"].flatMap((name) => KEYS.map((key) => `@${name}@${key}`));
  for (const id of ids) if ((await store.query.messages(id)).length > 0) return true;
  return false;
}

/** Instances that have not ended, and entities that have something to do. */
async function unfinished(
  world: World,
  records: readonly InstanceRecord[],
): Promise<readonly InstanceRecord[]> {
  const live: InstanceRecord[] = [];
  for (const record of records) {
    const isBusy = isEntityId(record.instanceId)
      ? (await world.store.query.messages(record.instanceId)).length > 0
      : !isTerminal(record.status);
    if (isBusy) live.push(record);
  }
  return live;
}

export async function allInstances(world: World): Promise<readonly InstanceRecord[]> {
  const instances: InstanceRecord[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await world.store.query.list(
      {},
      { size: 1_000, ...(continuationToken ? { continuationToken } : {}) },
    );
    instances.push(...page.instances);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return instances;
}

/** Asked in a process that may die meanwhile. */
async function hasReason(world: World, instanceId: string): Promise<boolean> {
  const host = world.hosts.find(({ worker }) => worker !== undefined);
  if (host === undefined) return true;
  try {
    const why = await host.process.unlessDead(world.observer(host.worker).whyWaiting(instanceId));
    return why === undefined || (why.reasons.length > 0 && why.sentence.length > 1);
  } catch (error) {
    if (error instanceof ProcessDied || isDurableError(error, "INSTANCE_NOT_FOUND")) return true;
    throw error;
  }
}

const LONG_MS = 60_000;

/** Its parent was terminated before it could send what this one waits for. */
function isOrphan(record: InstanceRecord, records: readonly InstanceRecord[]): boolean {
  const parent = records.find(({ instanceId }) => instanceId === record.parent?.instanceId);
  return record.parent !== undefined && (parent === undefined || isTerminal(parent.status));
}

async function end(world: World, { instanceId }: InstanceRecord): Promise<void> {
  await world.sleep(LONG_MS);
  await unlessEnded(world.call((client) => client.terminate(instanceId)));
}

async function resume(world: World, instanceId: string): Promise<void> {
  await world.sleep(LONG_MS);
  await unlessEnded(world.call((client) => client.resume(instanceId)));
}

async function unlessEnded(action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!isDurableError(error, "INVALID_INSTANCE_STATE") && !isDurableError(error, "INSTANCE_NOT_FOUND"))
      throw error;
  }
}

async function whyOf(world: World, instanceId: string, status: string): Promise<string> {
  const why = await world.observer().whyWaiting(instanceId);
  return `${instanceId} is ${status}: ${why?.sentence ?? "it has ended"} ${JSON.stringify(why?.reasons ?? [])}`;
}
