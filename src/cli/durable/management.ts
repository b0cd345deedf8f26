import type { EntityName } from "../../core/entity-id.ts";
import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type { CleanEntityOptions, CleanEntityResult } from "../../engine/entity-client.ts";
import type { Imported } from "../../engine/import-history.ts";

/** The status of an instance as the management API has it; times are ISO 8601. */
export interface InstanceStatus {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: RuntimeStatus;
  readonly input: unknown;
  readonly customStatus: unknown;
  readonly output: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

export interface StartRequest {
  readonly name: string;
  readonly instanceId?: string;
  /** JSON text. */
  readonly input?: string;
  readonly version?: string;
}

export interface Filter {
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  readonly statuses?: readonly RuntimeStatus[];
  readonly prefix?: string;
  readonly name?: string;
}

export interface Page {
  readonly instances: readonly InstanceStatus[];
  readonly continuationToken?: string;
}

export interface Purged {
  readonly instancesDeleted: number;
  readonly rowsDeleted: number;
}

export type Control = "terminate" | "suspend" | "resume" | "rewind";

export interface Waiting {
  readonly sentence: string;
  readonly reasons: readonly object[];
}

export interface PageRequest {
  readonly top: number;
  readonly continuationToken?: string;
}

export interface EntityFilter {
  readonly name?: string;
  readonly lastOperationAfter?: Date;
  readonly lastOperationBefore?: Date;
  readonly fetchState: boolean;
}

/** An entity as the management API has it. */
export interface EntityStatus {
  readonly entityId: EntityName;
  readonly lastOperationTime: string;
  /** `null` unless it was asked for. */
  readonly state: unknown;
}

export interface EntityPage {
  readonly entities: readonly EntityStatus[];
  readonly continuationToken?: string;
}

export interface EntitySignal {
  readonly operation: string;
  /** JSON text. */
  readonly input?: string;
  /** Not before this time. */
  readonly at?: Date;
}

/** What the commands do to the entities of a hub. */
export interface EntityManagement {
  /** `undefined` when there is none. */
  state(entity: EntityName): Promise<{ readonly state: unknown } | undefined>;
  /** In the order of names and keys; it may be short. */
  list(filter: EntityFilter, page: PageRequest): Promise<EntityPage>;
  signal(entity: EntityName, signal: EntitySignal): Promise<void>;
  clean(options: CleanEntityOptions): Promise<CleanEntityResult>;
}

/**
 * What the commands do to a task hub, on its store or over HTTP. An id nobody has is INSTANCE_NOT_FOUND, or `undefined`
 * where something is looked up; what a state does not allow is INVALID_INSTANCE_STATE.
 */
export interface Management extends AsyncDisposable {
  readonly taskHubName: string;
  readonly entities: EntityManagement;
  start(request: StartRequest): Promise<string>;
  status(instanceId: string): Promise<InstanceStatus | undefined>;
  /** Every event of the current execution, as it is stored. */
  history(instanceId: string): AsyncIterable<object>;
  list(filter: Filter, page: PageRequest): Promise<Page>;
  count(filter: Filter): Promise<Readonly<Record<RuntimeStatus, number>>>;
  raiseEvent(instanceId: string, eventName: string, data: string): Promise<void>;
  control(operation: Control, instanceId: string, reason: string | undefined): Promise<void>;
  restart(instanceId: string, options: { readonly newId: boolean }): Promise<string>;
  purge(instanceId: string): Promise<number>;
  /** Tells after each batch how much is gone. */
  purgeMatching(filter: Filter): AsyncIterable<Purged>;
  /** The status now and with each change, until the instance has ended or is purged, or nobody listens. */
  watch(instanceId: string, signal: AbortSignal): AsyncIterable<InstanceStatus>;
  /** `undefined` when the instance has ended. */
  why(instanceId: string): Promise<Waiting | undefined>;
  /** Lines of an archive: one instance, or all that match. */
  exportHistory(which: Filter | { readonly instanceId: string }): AsyncIterable<string>;
  importHistory(lines: AsyncIterable<string>): AsyncIterable<Imported>;
  /** The hub is gone at once; its rows go with `sweep`, here or in a host. */
  deleteTaskHub(): Promise<void>;
  /** Removes what deleted hubs left in the store, and tells about how many rows that were so far. */
  sweep(): AsyncIterable<number>;
}
