import { DurableError } from "../core/errors.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceFilter } from "../storage/index.ts";
import type { OrchestrationStatus } from "./orchestration-status-view.ts";

/** Created bounds are inclusive. */
export interface InstanceQuery {
  readonly createdTimeFrom?: Date;
  readonly createdTimeTo?: Date;
  readonly runtimeStatus?: readonly RuntimeStatus[];
  readonly instanceIdPrefix?: string;
  readonly name?: string;
}

export interface ListOptions extends InstanceQuery {
  /** 1 to 1,000. Default 100. */
  readonly top?: number;
  readonly continuationToken?: string;
  /** Default true. */
  readonly showInput?: boolean;
}

export interface StatusPage {
  readonly instances: readonly OrchestrationStatus[];
  readonly continuationToken?: string;
}

export const MAX_PAGE = 1_000;

/** A page of what is larger has less on it: nobody's memory has to hold a thousand of the largest inputs. */
export const MAX_PAGE_BYTES = 64 * 1024 * 1024;

/** @throws {DurableError} INVALID_ARGUMENT */
export function pageSize(top: number | undefined): number {
  if (top === undefined) return 100;
  if (Number.isInteger(top) && top >= 1 && top <= MAX_PAGE) return top;
  throw new DurableError("INVALID_ARGUMENT", `top must be a whole number from 1 to ${MAX_PAGE}, not ${top}.`);
}

/** @throws {DurableError} INVALID_ARGUMENT */
export function filterOf(query: InstanceQuery): InstanceFilter {
  const { createdTimeFrom, createdTimeTo, runtimeStatus, instanceIdPrefix, name } = query;
  return {
    ...(createdTimeFrom === undefined ? {} : { createdFrom: timeOf("createdTimeFrom", createdTimeFrom) }),
    ...(createdTimeTo === undefined ? {} : { createdTo: timeOf("createdTimeTo", createdTimeTo) }),
    ...(runtimeStatus === undefined ? {} : { statuses: runtimeStatus }),
    ...(instanceIdPrefix === undefined ? {} : { instanceIdPrefix }),
    ...(name === undefined ? {} : { name }),
  };
}

function timeOf(what: string, date: Date): number {
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new DurableError("INVALID_ARGUMENT", `${what} must be a valid Date.`);
  return time;
}
