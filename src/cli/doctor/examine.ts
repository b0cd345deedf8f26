import { type Configuration, urlOf } from "../../server/index.ts";
import { HttpManagement } from "../durable/http-management.ts";
import { openTarget, refuseAzure, type TargetFlags } from "../durable/target.ts";
import { lookAtConfiguration } from "./configuration.ts";
import { Explainer, type ExplainerOptions } from "./explainer.ts";
import { type HostPart, lookAtHost } from "./host.ts";
import { findingsOfHost } from "./host-findings.ts";
import { type HubPart, hubInMemory, lookAtHostedHub, lookAtStoredHub } from "./hub.ts";
import { lookAtInstances } from "./instances.ts";
import type { Part } from "./part.ts";
import { lookAtVersions } from "./versions.ts";

export interface DoctorFlags extends TargetFlags {
  readonly stuckAfter: number;
}

/** Looks at everything there is to look at, from the outside in, and changes nothing. */
export async function examine(flags: DoctorFlags): Promise<readonly Part[]> {
  refuseAzure(flags);
  const { url } = flags;
  if (url !== undefined) {
    await using hub = await openTarget(flags);
    const host = await lookAtHost(url);
    const hubPart =
      host.health === "no answer" ? undefined : await lookAtHostedHub(hub, flags.taskHubName ?? host.taskHub);
    return [
      await lookAtVersions(),
      ...(await partsOf(flags, { host, hub: hubPart, taskHubName: undefined })),
    ];
  }
  const versions = await lookAtVersions();
  const { configuration, ...part } = await lookAtConfiguration(flags);
  if (configuration === undefined) return [versions, part];
  const host = configuration.port === 0 ? undefined : await lookAtHost(urlOf(configuration));
  const hub = await hubOf(configuration, host, flags);
  await using _ = hub.hub;
  const { taskHubName } = configuration;
  return [versions, part, ...(await partsOf(flags, { host, hub, taskHubName }))];
}

async function hubOf(
  { storage, taskHubName }: Configuration,
  host: HostPart | undefined,
  { key }: DoctorFlags,
): Promise<HubPart> {
  if (!/^memory:/i.test(storage)) return lookAtStoredHub(storage, taskHubName);
  if (host?.health !== "healthy") return hubInMemory();
  return lookAtHostedHub(new HttpManagement({ url: host.url, key, taskHubName }), taskHubName);
}

interface Found {
  readonly host: HostPart | undefined;
  readonly hub: HubPart | undefined;
  /** Of the configuration; without it the host is the one that --url asks for. */
  readonly taskHubName: string | undefined;
}

async function partsOf(flags: DoctorFlags, found: Found): Promise<readonly Part[]> {
  const { host, hub, taskHubName } = found;
  const live = hub?.live ?? 0;
  const findings = host
    ? findingsOfHost(host, { taskHubName, live, isAskedFor: flags.url !== undefined })
    : [];
  return [
    ...(host ? [{ ...host, findings }] : []),
    ...(hub ? [hub] : []),
    ...(hub?.hub
      ? [
          await lookAtInstances({
            hub: hub.hub,
            live,
            entities: hub.entities,
            explainer: new Explainer({ hub: hub.hub, ...hostBeside(found, flags) }),
            now: Date.now(),
            stuckAfterMs: flags.stuckAfter,
          }),
        ]
      : []),
  ];
}

/** The host that runs the hub of the store, if one does. */
function hostBeside(
  { host, taskHubName }: Found,
  { key }: DoctorFlags,
): Partial<Pick<ExplainerOptions, "host" | "orchestrators">> {
  if (host?.health !== "healthy" || taskHubName === undefined) return {};
  if (host.taskHub?.toLowerCase() !== taskHubName.toLowerCase()) return {};
  const { url, orchestrators } = host;
  return { host: { management: new HttpManagement({ url, key, taskHubName }), url }, orchestrators };
}
