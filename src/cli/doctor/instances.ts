import type { InstanceStatus, Management } from "../durable/management.ts";
import type { Explainer } from "./explainer.ts";
import { ENTITY_PREFIX, oldestLive } from "./oldest-live.ts";
import { type Finding, type Part, problem, warning } from "./part.ts";
import { type Patience, type Verdict, verdictOf } from "./verdict.ts";

export interface InstancesOptions extends Patience {
  readonly hub: Management;
  readonly live: number;
  readonly entities: number;
  readonly explainer: Explainer;
}

interface Case extends Verdict {
  readonly instance: InstanceStatus;
}

const LOOKED_AT = 1_000;
const SHOWN = 20;

/**
 * Which of the oldest orchestrations that have not ended are stuck or wait for long, and why. An entity is stuck in
 * quarantine only; the first of them are looked at.
 */
export async function lookAtInstances(options: InstancesOptions): Promise<Part> {
  const { hub, live, entities, explainer, now } = options;
  const instances = live === 0 ? [] : await oldestLive(hub, LOOKED_AT, now);
  const first = entities === 0 ? [] : await entitiesIn(hub);
  const cases: Case[] = [];
  for (const instance of [...instances, ...first]) {
    const reasons = await explainer.reasonsOf(instance);
    if (reasons === undefined) continue;
    const { instanceId, lastUpdatedTime } = instance;
    const verdict = verdictOf({ instanceId, reasons, lastUpdatedAt: Date.parse(lastUpdatedTime) }, options);
    if (verdict) cases.push({ ...verdict, instance });
  }
  const stuck = cases.filter(({ state }) => state === "stuck");
  const waiting = cases.filter(({ state }) => state === "waiting");
  return {
    title: "Instances",
    rows: [
      ["Looked at", lookedAt(instances.length, live)],
      ...[...stuck, ...waiting].slice(0, SHOWN).flatMap(rowsOf),
      ...(cases.length > SHOWN ? [["", `and ${cases.length - SHOWN} more; -o json has all`] as const] : []),
    ],
    facts: {
      live,
      lookedAt: instances.length,
      stuck: stuck.map(factsOf),
      waiting: waiting.map(factsOf),
    },
    findings: [...explainer.findings, ...findingsOf(stuck.length, waiting.length)],
  };
}

async function entitiesIn(hub: Management): Promise<readonly InstanceStatus[]> {
  return (await hub.list({ prefix: ENTITY_PREFIX }, { top: LOOKED_AT })).instances;
}

function lookedAt(looked: number, live: number): string {
  if (live === 0) return "none: all have ended";
  return looked < live
    ? `the oldest ${looked} of about ${live} that have not ended`
    : `all ${looked} that have not ended`;
}

function rowsOf({ instance, state, sentence }: Case): Part["rows"] {
  const { instanceId, name, runtimeStatus, lastUpdatedTime } = instance;
  return [
    [state, `${instanceId}  ${name}  ${runtimeStatus}, last progress ${lastUpdatedTime}`],
    ["", sentence],
  ];
}

function factsOf({ instance, sentence }: Case): object {
  const { instanceId, name, runtimeStatus, createdTime, lastUpdatedTime } = instance;
  return { instanceId, name, runtimeStatus, createdTime, lastUpdatedTime, sentence };
}

function findingsOf(stuck: number, waiting: number): Finding[] {
  const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
  return [
    ...(stuck === 0 ? [] : [problem(`${many(stuck, "instance is", "instances are")} stuck; see Instances.`)]),
    ...(waiting === 0
      ? []
      : [warning(`${many(waiting, "instance has", "instances have")} waited for long; see Instances.`)]),
  ];
}
