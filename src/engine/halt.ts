import { isEntityId } from "../core/entity-id.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { WaitingReason } from "../core/waiting-reason.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { Executor } from "./executor.ts";

/** Why the code of an instance must not run here, whatever comes for it. */
export type Halt = Extract<
  WaitingReason,
  { readonly type: "quarantined" | "orchestrator-missing" | "worker-missing" | "version-missing" }
>;

/** What the record of an instance says; that its code disagrees with its history, only a replay can say. */
export function haltOf(
  record: InstanceRecord,
  { executor }: { readonly executor: Pick<Executor, "match" | "pinnedVersion"> },
): Halt | undefined {
  const { name, quarantined } = record;
  if (quarantined !== undefined) return { type: "quarantined", reason: quarantined };
  if (isEntityId(record.instanceId)) return undefined;
  const hasBegun = record.status !== "Pending";
  const version = hasBegun ? record.version : executor.pinnedVersion(name, record.version);
  const match = executor.match(name, version);
  switch (match.type) {
    case "runs":
      return undefined;
    case "waits":
      return { type: "worker-missing", name, ...(version === undefined ? {} : { version }) };
    case "missing":
      return hasBegun ? { type: "orchestrator-missing", name } : undefined;
    case "version-missing": {
      const { versions } = match;
      return { type: "version-missing", name, versions, ...(version === undefined ? {} : { version }) };
    }
  }
}

export function isVersionMissing({ type }: Halt): boolean {
  return type === "version-missing";
}

/** Code elsewhere: it goes on when a worker connects, and nothing but the code is needed for its end. */
export function isWorkerMissing({ type }: Halt): boolean {
  return type === "worker-missing";
}

/** What such an instance fails with where it may not wait (S-200). */
export function versionMismatch({ name, version }: Pick<InstanceRecord, "name" | "version">): FailureDetails {
  const which = version === undefined ? "An instance without a version" : `Version '${version}'`;
  return {
    errorType: "VersionMismatch",
    errorMessage: `${which} of orchestrator '${name}' does not run on this worker.`,
    isNonRetriable: true,
  };
}
