import type { JsonText } from "../core/history-event.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import type { QueryStore, TaskHubAdmin } from "../storage/index.ts";
import type { ManagementUrls } from "./management-urls.ts";
import type { PurgeJobs } from "./purge-jobs.ts";
import type { QueryParameters } from "./query-parameters.ts";

/** A task hub as this surface needs it: the operations, and the stored texts of instances as they are. */
export interface HttpHub {
  readonly client: TaskHubClient;
  readonly query: QueryStore;
  /** Whether the app takes such an event; a hub whose app is elsewhere takes any. @throws {DurableError} SCHEMA_VALIDATION_FAILED */
  readonly checkEvent?: (name: string, payload: JsonText) => Promise<void>;
}

/** The hubs of the store, as this surface needs them. */
export type TaskHubs = Pick<TaskHubAdmin, "list" | "markDeleted">;

/** A request that has found its route. */
export interface ApiRequest {
  readonly raw: Request;
  /** Under which of its base paths the API was asked. */
  readonly basePath: string;
  /** The captured segments of the path, decoded. */
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: QueryParameters;
  /** The hub the request asks for (H-9). */
  readonly hub: HttpHub;
  readonly urlsOf: (instanceId: string) => ManagementUrls;
  /** Where a purge in the background tells how far it is. */
  readonly jobUrlOf: (purgeId: string) => string;
  readonly purgeJobs: PurgeJobs;
  readonly taskHubs: TaskHubs;
  /** The name of the hub that this host runs. */
  readonly ownTaskHub: string;
  /** Aborted when the caller has gone or the host stops: what waits, answers. Made when it is asked for: it is not free. */
  readonly signal: AbortSignal;
  readonly isStopping: boolean;
}
