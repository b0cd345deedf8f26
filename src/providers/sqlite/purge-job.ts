import type { ErrorCode } from "../../core/errors.ts";
import type { HubRow } from "./hub-row.ts";
import type { DatabaseOptions } from "./open-database.ts";
import type { PurgeRequest } from "./purge.ts";

/** What a purge thread is started with. */
export interface PurgeJob {
  readonly file: DatabaseOptions;
  /** The file that is meant; there may be another one at its path by now. */
  readonly fileId: number | undefined;
  readonly hub: HubRow;
  readonly request: Omit<PurgeRequest, "leavesIds">;
  /** The buffer of a WriteGate. */
  readonly gate: SharedArrayBuffer;
}

/** "next" is answered with one PurgeAnswer; after "stop" the thread ends. */
export type PurgeOrder = "next" | "stop";

/** What one order has done. */
export interface PurgeProgressed {
  readonly type: "progress";
  readonly instances: number;
  readonly rows: number;
  readonly done: boolean;
}

export type PurgeAnswer =
  | PurgeProgressed
  | { readonly type: "failed"; readonly code: ErrorCode | undefined; readonly message: string };
