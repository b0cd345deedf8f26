import { isDurableError } from "../../core/errors.ts";
import { RUNTIME_STATUSES } from "../../core/orchestration-status.ts";
import { openStorage, TaskHub } from "../../sdk/index.ts";
import type { TaskHubDescription } from "../../storage/index.ts";
import { CommandError } from "../command-error.ts";
import type { Management } from "../durable/management.ts";
import { StoreManagement } from "../durable/store-management.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { ENTITY_PREFIX, liveIn } from "./oldest-live.ts";
import { type Part, problem } from "./part.ts";

export interface HubPart extends Part {
  /** Absent when it cannot be opened. Whoever looked closes it. */
  readonly hub?: Management;
  /** How many orchestrations have not ended. Entities never do. */
  readonly live: number;
  readonly entities: number;
}

/** The hub in a store. Nothing is made that is not there. */
export async function lookAtStoredHub(storage: string, taskHubName: string): Promise<HubPart> {
  try {
    const provider = await openStorage(storage, { create: false });
    const hubs = await provider.taskHubs.list();
    const found = hubs.find(({ name }) => name.toLowerCase() === taskHubName.toLowerCase());
    if (found === undefined) {
      await provider.close();
      return noHub(`${inStorage(taskHubName, storage)}. ${namesOf(hubs)}`);
    }
    const hub = new StoreManagement(await TaskHub.open(provider, { taskHubName, create: false }));
    return await lookAtHub(hub, [["Created", new Date(found.createdAt).toISOString()]]);
  } catch (error) {
    if (isDurableError(error, "TASK_HUB_NOT_FOUND")) {
      return noHub(`${inStorage(taskHubName, storage)}: the file is not there. perdure start makes it.`);
    }
    return noHub(messageOf(error));
  }
}

/** The hub of a host that answers, and the name by which it calls it. */
export async function lookAtHostedHub(hub: Management, name: string | undefined): Promise<HubPart> {
  try {
    return await lookAtHub(hub, [], name);
  } catch (error) {
    return noHub(messageOf(error));
  }
}

/** What was kept in memory went with its process. */
export function hubInMemory(): HubPart {
  const text = "is kept in the memory of a host, and none answers";
  return {
    title: "Task hub",
    rows: [["State", text]],
    facts: { state: text },
    findings: [],
    live: 0,
    entities: 0,
  };
}

async function lookAtHub(hub: Management, rows: Part["rows"], name = hub.taskHubName): Promise<HubPart> {
  const entities = liveIn(await hub.count({ prefix: ENTITY_PREFIX }));
  const all = await hub.count({});
  const counts = { ...all, Running: Math.max(all.Running - entities, 0) };
  const some = RUNTIME_STATUSES.filter((status) => counts[status] > 0);
  const text = some.map((status) => `${counts[status]} ${status}`).join(", ");
  return {
    title: "Task hub",
    hub,
    live: liveIn(counts),
    entities,
    rows: [
      ["Name", name],
      ...rows,
      ["Instances", text === "" ? "none" : text],
      ...(entities === 0 ? [] : [["Entities", String(entities)] as const]),
    ],
    facts: { name, counts, entities },
    findings: [],
  };
}

function noHub(text: string): HubPart {
  const rows = [["State", "cannot be looked into"]] as const;
  return { title: "Task hub", rows, facts: { error: text }, findings: [problem(text)], live: 0, entities: 0 };
}

function inStorage(taskHubName: string, storage: string): string {
  return `There is no task hub "${taskHubName}" in ${withoutSecrets(storage)}`;
}

function namesOf(hubs: readonly TaskHubDescription[]): string {
  if (hubs.length === 0) return "It has none; perdure start makes it.";
  return `It has ${hubs.map(({ name }) => name).join(", ")}; choose one with --task-hub-name.`;
}

/** What is expected to go wrong in words; anything else is a fault of this program. */
function messageOf(error: unknown): string {
  if (isDurableError(error) || error instanceof CommandError) return error.message;
  throw error;
}
