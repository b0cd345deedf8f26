import { status } from "@grpc/grpc-js";
import { RpcError } from "./rpc-error.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** Clients of some SDKs receive no message above 4 MB: a page of what is large has less on it. The rest is for what has no text. */
export const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** How many a caller has asked for in this field of its message, or the default. @throws {RpcError} INVALID_ARGUMENT */
export function pageSizeOf(field: string, wish = 0): number {
  if (wish > MAX_PAGE) {
    throw new RpcError(status.INVALID_ARGUMENT, `${field} is at most ${MAX_PAGE}, not ${wish}.`);
  }
  return wish > 0 ? wish : DEFAULT_PAGE;
}
